"""Cold items of which a few real interactions become known: what is revealed, and what is judged all the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.array_types import Indices, Pairs
from evaluation.protocol import RankingTask


@dataclass(frozen=True)
class Revealing:
    """Items with a pool of users to reveal, and further users to judge by.

    The pool is never judged, however much of it is revealed: every step of a curve is asked about the same
    pairs.

    Attributes:
        items: Items with more users than the pool holds, sorted, shape (S,), int64.
        pool: Users of each, in the order in which they are revealed, shape (S, P), int64.
        judged: All other pairs of these items, shape (N, 2), int64.
    """

    items: Indices
    pool: Indices
    judged: Pairs

    @classmethod
    def draw(cls, pairs: Pairs, *, size: int, seed: int) -> Revealing:
        """Draw the pools.

        Args:
            pairs: Held-out pairs of cold items (N, 2), int64, none twice.
            size: Users in each item's pool, at least 1.
            seed: Of the draw; an item's pool does not depend on the order of ``pairs``.

        Returns:
            The items that have at least one user more than the pool holds.

        Raises:
            ValueError: If ``size`` is below 1, or no item has enough users.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
        order = np.lexsort((np.random.default_rng(seed).random(len(pairs)), pairs[:, 1]))
        shuffled = pairs[order]
        items, starts, counts = np.unique(shuffled[:, 1], return_index=True, return_counts=True)
        enough = counts > size
        if not enough.any():
            raise ValueError(
                f"no cold item has more than {size} users (the most is {counts.max(initial=0)}); reveal fewer or "
                "hold out more"
            )
        place = np.arange(len(shuffled)) - np.repeat(starts, counts)
        kept = np.repeat(enough, counts)
        pool = shuffled[kept & (place < size), 0].reshape(-1, size)
        return cls(items[enough], pool, shuffled[kept & (place >= size)])

    def positions(self, k: int) -> Pairs:
        """The first ``k`` revealed users of each item as (position in ``items``, user_index), shape (S k, 2).

        Raises:
            ValueError: If ``k`` is not in 0..P.
        """
        size = self.pool.shape[1]
        if not 0 <= k <= size:
            raise ValueError(f"k must be in 0..{size}, the pool's size, got {k}")
        rows = np.repeat(np.arange(len(self.items)), k)
        return np.column_stack([rows, self.pool[:, :k].ravel()]).astype(np.int64)

    def pairs(self, k: int) -> Pairs:
        """The same as training pairs (user_index, item_index), shape (S k, 2)."""
        positions = self.positions(k)
        return np.column_stack([positions[:, 1], self.items[positions[:, 0]]]).astype(np.int64)

    def task(self, among: Indices, *, n_items: int) -> RankingTask:
        """The question that every step is asked: rank all the items, judged by some of them.

        Args:
            among: Items whose pairs are the truth: those of one phase.
            n_items: I.

        Returns:
            All of ``items`` as candidates, whole pools masked.

        Raises:
            ValueError: If none of ``items`` is in ``among``.
        """
        truth = self.judged[np.isin(self.judged[:, 1], among)]
        if not len(truth):
            raise ValueError("among holds none of the items that have enough users")
        return RankingTask(
            users=np.unique(truth[:, 0]),
            candidates=self.items,
            truth=truth,
            train=self.pairs(self.pool.shape[1]),
            known=np.empty((0, 2), dtype=np.int64),
            n_items=n_items,
        )
