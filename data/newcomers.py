"""How much of what people take is new: the share of the latest interactions that went to items just arrived."""

from __future__ import annotations

import numpy as np

from data.interactions import Interactions

DAY = 24 * 3600


def new_item_share(interactions: Interactions, *, days: float) -> float | None:
    """The share of the latest interactions that found an item which arrived no earlier than they may have.

    Args:
        interactions: Interactions without a known time are left out.
        days: Length of the period that ends with the latest interaction; an item is new if its first interaction
            lies in it. Above 0.

    Returns:
        The share, in (0, 1); None if times span less than two periods, or only old or only new items were taken:
        then it cannot be told.

    Raises:
        ValueError: If ``days`` is not above 0.
    """
    if not days > 0:
        raise ValueError(f"days must be above 0, got {days}")
    timed = interactions.times > 0
    times, items = interactions.times[timed], interactions.pairs[timed, 1]
    period = days * DAY
    if not len(times) or times.max() - times.min() < 2 * period:
        return None
    begin = times.max() - period
    first = np.full(interactions.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first, items, times)
    share = float((first[items[times > begin]] > begin).mean())
    return share if 0 < share < 1 else None
