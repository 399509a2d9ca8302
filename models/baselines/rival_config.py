"""Settings that carry their range in their type, and those that every trained rival has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Range:
    """From ``low`` to ``high``, both allowed unless ``open_low`` or ``open_high`` says no."""

    low: float
    high: float | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range; nan does not."""
        above = value > self.low if self.open_low else value >= self.low
        if self.high is None:
            return above
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"{'above' if self.open_low else 'at least'} {self.low:g}"
        return f"in {'[('[self.open_low]}{self.low:g}, {self.high:g}{'])'[self.open_high]}"


Count = Annotated[int, Range(1)]
WholeNumber = Annotated[int, Range(0)]
Positive = Annotated[float, Range(0, open_low=True)]
Weight = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]
PartShare = Annotated[float, Range(0, 1, open_high=True)]


def check_settings(config: object) -> None:
    """Refuse settings outside the ranges and choices of their types.

    Args:
        config: A dataclass whose fields are annotated with the types above or ``Literal``; None passes where
            the type allows it.

    Raises:
        ValueError: If one does not fit; names it.
    """
    for name, hint in get_type_hints(type(config), include_extras=True).items():
        value = getattr(config, name)
        for limit in _limits(hint) if value is not None else ():
            if isinstance(limit, Range):
                fits, wanted = limit.holds(value), str(limit)
            else:
                fits, wanted = value in limit, " or ".join(map(repr, limit))
            if not fits:
                raise ValueError(f"{name} must be {wanted}, got {value!r}")


def _limits(hint: Any) -> Iterator[Range | tuple[Any, ...]]:
    """The ranges and choices within a type."""
    if get_origin(hint) is Literal:
        yield get_args(hint)
        return
    for part in get_args(hint):
        if isinstance(part, Range):
            yield part
        else:
            yield from _limits(part)


@dataclass(frozen=True)
class RivalConfig:
    """Settings of every trained rival.

    Attributes:
        batch_size: Training pairs per step, at most; a rival that counts something else says so.
        epochs: At most.
        patience: Validations without improvement that end the training. None: never.
        validate_every: Epochs from one validation to the next.
        max_gradient_norm: Longer gradients are shortened to this length. None, as in the papers: never.

    Raises:
        ValueError: If a value is outside the range of its type.
    """

    batch_size: Count = 1024
    epochs: Count = 1000
    patience: Count | None = 10
    validate_every: Count = 1
    max_gradient_norm: Positive | None = None

    def __post_init__(self) -> None:
        check_settings(self)
