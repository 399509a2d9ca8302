"""How much of what people take is new: the share of the latest interactions that went to items just arrived."""

from __future__ import annotations

import numpy as np

from data.interactions import Interactions

DAY = 24 * 3600


def new_item_share(interactions: Interactions, *, days: float) -> float | None:
    """The share of the latest interactions that went to items first seen in the same period.

    Args:
        interactions: Those without a known time are left out; an item that has others too is as old as these.
        days: Length of the period that ends with the latest interaction, at most half of the time that all span.
            Above 0.

    Returns:
        The share, in (0, 1): (new + 1) / (all + 2), as a few interactions do not show that nothing new is ever taken.
        None if times are unknown or all the same.

    Raises:
        ValueError: If ``days`` is not above 0.
    """
    if not days > 0:
        raise ValueError(f"days must be above 0, got {days}")
    timed = interactions.times > 0
    times, items = interactions.times[timed], interactions.pairs[timed, 1]
    if not len(times) or times.min() == times.max():
        return None
    begin = times.max() - min(days * DAY, (times.max() - times.min()) / 2)
    first = np.full(interactions.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first, items, times)
    new = first[items[times > begin]] > begin
    return float((new.sum() + 1) / (len(new) + 2))
