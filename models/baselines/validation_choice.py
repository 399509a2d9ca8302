"""One number of a closed form, chosen on validation items."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

STEP = 10**0.5
"""Two tries are so many times apart: a penalty's order of magnitude matters, not its second digit."""

Model = TypeVar("Model")


def chosen_on_validation(
    at: Callable[[float], Model], start: float, *, validate: Callable[[Model], float] | None
) -> Model:
    """Go up from a number while the model gets better, else down.

    Args:
        at: Makes the model of a number.
        start: Where to begin, above 0.
        validate: Value of a model on cold validation items, higher is better; None: the start stays.

    Returns:
        The best model that was met; of equals the one nearer to the start.
    """
    best = at(start)
    if validate is None:
        return best
    most = validate(best)
    for step in (STEP, 1 / STEP):
        moved, number = False, start * step
        while (value := validate(tried := at(number))) > most:
            best, most, moved = tried, value, True
            number *= step
        if moved:
            break
    return best
