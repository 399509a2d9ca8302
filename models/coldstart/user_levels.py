"""How high the scores of one kind of items stand for each user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.retrieval import ExclusionLists, FloatTable, IndexArray, top_k

DEPTH = 100
"""Best items of a user that are looked at, at most a quarter of all: fewer lie too near the top, where a user's
few hits decide, and more say nothing of it."""

MOST_ITEMS = 20_000
"""Items beyond which an even sample stands for all: the cost grows no further."""

USERS_PER_BLOCK = 16_384


def user_levels(users: FloatTable, items: FloatTable, *, seen: IndexArray) -> NDArray[np.float64]:
    """The mean score of each user's best items that he has not seen.

    Args:
        users: Shape (U, F), float32.
        items: Of one kind, shape (n, F), float32, n >= 1.
        seen: user_index and row of ``items``, shape (m, 2), int64; may be empty.

    Returns:
        Shape (U,), in units of the scores. A user who has seen all but fewer than :data:`DEPTH` of the items: the
        mean of those; who has seen all: 0.

    Raises:
        ValueError: As :func:`models.retrieval.top_k`.
    """
    taken = np.linspace(0, len(items) - 1, min(len(items), MOST_ITEMS)).astype(np.int64)
    place = np.full(len(items), -1, dtype=np.int64)
    place[taken] = np.arange(len(taken))
    hidden = np.column_stack([seen[:, 0], place[seen[:, 1]]])
    hidden = hidden[hidden[:, 1] >= 0]
    hidden = hidden[np.argsort(hidden[:, 0], kind="stable")]
    depth = min(DEPTH, max(1, len(taken) // 4))
    levels = np.zeros(len(users))
    for start in range(0, len(users), USERS_PER_BLOCK):
        stop = min(start + USERS_PER_BLOCK, len(users))
        first, last = np.searchsorted(hidden[:, 0], [start, stop])
        exclude = ExclusionLists.from_pairs(hidden[first:last] - [start, 0], n_queries=stop - start)
        _, scores = top_k(users[start:stop], items[taken], k=depth, exclude=exclude)
        left = np.isfinite(scores)
        total = np.where(left, scores, 0).sum(axis=1, dtype=np.float64)
        levels[start:stop] = total / np.maximum(left.sum(axis=1), 1)
    return levels
