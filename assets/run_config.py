"""A model's config dataclass becomes Dagster run config, derived field by field: defaults exist once."""

import dataclasses
from typing import Any, Generic, TypeVar, get_type_hints

import dagster as dg
import pydantic

T = TypeVar("T")


class RunConfig(dg.Config, Generic[T]):
    """Dagster's view of a config dataclass; ``build`` gives the dataclass back, validated."""

    def build(self) -> T:
        """The dataclass with these values.

        Raises:
            ValueError: As the dataclass itself raises for values out of range.
        """
        return type(self)._dataclass(**self._convert_to_config_dictionary())  # type: ignore[attr-defined,no-any-return]


def run_config(dataclass_type: type[T]) -> type[RunConfig[T]]:
    """Derive the Dagster config class of a flat frozen dataclass.

    Args:
        dataclass_type: A dataclass whose fields all have defaults and are primitives, ``Literal``,
            optionals or lists of those.

    Returns:
        A Dagster ``Config`` class with the same fields, defaults and descriptions; unknown keys are refused.

    Raises:
        TypeError: If a field has no default.
    """
    hints = get_type_hints(dataclass_type)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(dataclass_type):  # type: ignore[arg-type]
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise TypeError(f"{dataclass_type.__name__}.{field.name} needs a default to become run config")
        default = field.default if field.default is not dataclasses.MISSING else field.default_factory()  # type: ignore[misc]
        fields[field.name] = (hints[field.name], pydantic.Field(default=default))
    derived: Any = pydantic.create_model(f"{dataclass_type.__name__}Run", __base__=RunConfig, **fields)
    derived.__doc__ = dataclass_type.__doc__
    derived._dataclass = dataclass_type
    return derived  # type: ignore[no-any-return]
