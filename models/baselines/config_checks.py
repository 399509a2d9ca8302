"""Ranges of settings, refused with the setting's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def check_settings(
    config: object,
    *,
    counts: Iterable[str] = (),
    positive: Iterable[str] = (),
    weights: Iterable[str] = (),
    shares: Iterable[str] = (),
) -> None:
    """Refuse settings out of range.

    Args:
        config: The settings; a value of None means "never" and passes.
        counts: Names of whole numbers that must be at least 1.
        positive: Names of numbers that must be above 0.
        weights: Names of numbers that must be at least 0.
        shares: Names of numbers that must lie in [0, 1].

    Raises:
        ValueError: If one does not; names it.
    """
    rules: tuple[tuple[Iterable[str], Callable[[float], bool], str], ...] = (
        (counts, lambda value: value >= 1, "at least 1"),
        (positive, lambda value: value > 0, "above 0"),
        (weights, lambda value: value >= 0, "at least 0"),
        (shares, lambda value: 0 <= value <= 1, "in [0, 1]"),
    )
    for names, holds, wanted in rules:
        for name in names:
            value = getattr(config, name)
            if value is not None and not holds(value):
                raise ValueError(f"{name} must be {wanted}, got {value}")
