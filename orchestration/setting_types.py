"""Whether a setting's value is of the kind its field declares, and what it is then."""

import types
from typing import Any, Literal, Union, get_args, get_origin

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def typed(value: Any, kind: Any) -> Any:
    """The value as the field's type has it.

    Whole numbers count as numbers, and so does a text like ``1e-2``, which YAML does not take for one.

    Args:
        value: As YAML gave it.
        kind: The field's type: a primitive, ``Literal``, an optional, or a list of those.

    Raises:
        ValueError: If the value is of another kind; says which was expected.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in parts:
            return None
        (kind,) = [part for part in parts if part is not type(None)]
        return typed(value, kind)
    if origin is list and isinstance(value, list):
        return [typed(one, parts[0]) for one in value]
    if origin is Literal and value in parts:
        return value
    if kind is float and isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    elif origin is None and type(value) is kind:
        return value
    raise ValueError(f"must be {_spoken(kind)}, got {value!r}")


def _spoken(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin is list:
        return f"a list, each {_spoken(parts[0])}"
    return WORDS.get(kind, str(kind))
