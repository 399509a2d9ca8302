"""The split by time: the past trains, what comes later is held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.split import ItemRole, PairPart, Split, settled_split, with_cold_parts


def time_split(
    pairs: NDArray[np.int64],
    times: NDArray[np.int64],
    *,
    n_items: int,
    quantiles: tuple[float, float] = (0.8, 0.9),
) -> Split:
    """Cut at two quantiles of the pairs' times, t1 <= t2.

    Items first seen before t1 are warm: their pairs before t1 train, those in [t1, t2) are warm validation,
    later ones warm test. Items first seen in [t1, t2) are held out for validation, items first seen later
    for test.

    Args:
        pairs: Distinct pairs, shape (N, 2), int64.
        times: First time of each pair in unix seconds, shape (N,), int64.
        n_items: I.
        quantiles: Shares of the pairs that lie before t1 and before t2, 0 < first < second < 1.

    Returns:
        The split.

    Raises:
        ValueError: If the quantiles are out of order or out of range, or the shapes disagree.
        InputError: If a pair has no time, no item is warm, or validation or test has no held-out item.
    """
    first, second = quantiles
    if not 0 < first < second < 1:
        raise ValueError(f"quantiles must satisfy 0 < first < second < 1, got {quantiles}")
    if times.shape != (len(pairs),):
        raise ValueError(f"times must have shape ({len(pairs)},) like pairs, got {times.shape}")
    unknown = int((times <= 0).sum())
    if unknown or not len(times):
        raise InputError(
            f"the time split needs a time for every pair, got {unknown} of {len(times)} without; "
            "import times, or use the live protocol"
        )
    ordered = np.sort(times)
    t1, t2 = (int(ordered[int(share * len(ordered))]) for share in (first, second))
    del ordered

    first_seen = np.full(n_items, np.iinfo(np.int64).max)
    np.minimum.at(first_seen, pairs[:, 1], times)
    item_role = np.select(
        [first_seen < t1, first_seen < t2, first_seen < np.iinfo(np.int64).max],
        [ItemRole.WARM, ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST],
        ItemRole.WITHOUT_INTERACTIONS,
    ).astype(np.int8)
    warm_parts = np.full(len(pairs), PairPart.TRAIN, dtype=np.int8)
    warm_parts[times >= t1] = PairPart.WARM_VALIDATION
    warm_parts[times >= t2] = PairPart.WARM_TEST
    # A late event of an item held out for validation still belongs to that item's phase.
    parts = with_cold_parts(warm_parts, pairs, item_role=item_role)
    return settled_split("time", pairs, parts=parts, item_role=item_role)
