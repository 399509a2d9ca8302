"""A model's config dataclass becomes Dagster run config, derived field by field: defaults exist once."""

import dataclasses
from typing import Any, get_type_hints

import dagster as dg
import pydantic


class RunConfig(dg.Config):
    """Dagster's view of a config dataclass, for one asset."""

    def build(self) -> Any:
        """The dataclass with these values; raises ``ValueError`` as the dataclass itself does."""
        return _built(self)


class SharedConfig(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Dagster's view of a config dataclass that several assets share."""

    def build(self) -> Any:
        """The dataclass with these values; raises ``ValueError`` as the dataclass itself does."""
        return _built(self)


def run_config(dataclass_type: type[Any]) -> type[RunConfig]:
    """Derive the Dagster config class of a flat frozen dataclass.

    Args:
        dataclass_type: A dataclass whose fields all have defaults and are primitives, ``Literal``,
            optionals or lists of those.

    Returns:
        A Dagster ``Config`` class with the same fields and defaults; unknown keys are refused.

    Raises:
        TypeError: If a field has no default.
    """
    derived: type[RunConfig] = _derived(dataclass_type, RunConfig, "Run")
    return derived


def shared_config(dataclass_type: type[Any]) -> type[SharedConfig]:
    """Derive a Dagster resource of a flat frozen dataclass; as :func:`run_config`, for several assets."""
    derived: type[SharedConfig] = _derived(dataclass_type, SharedConfig, "Shared")
    return derived


def _built(view: Any) -> Any:
    kind = type(view)._dataclass
    return kind(**{field.name: getattr(view, field.name) for field in dataclasses.fields(kind)})


def _derived(dataclass_type: type[Any], base: type[Any], suffix: str) -> Any:
    hints = get_type_hints(dataclass_type)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(dataclass_type):
        default: Any = field.default
        if default is dataclasses.MISSING and callable(field.default_factory):
            default = field.default_factory()
        if default is dataclasses.MISSING:
            raise TypeError(f"{dataclass_type.__name__}.{field.name} needs a default to become run config")
        fields[field.name] = (hints[field.name], pydantic.Field(default=default))
    derived: Any = pydantic.create_model(f"{dataclass_type.__name__}{suffix}", __base__=base, **fields)
    derived.__doc__ = dataclass_type.__doc__
    derived._dataclass = dataclass_type
    return derived
