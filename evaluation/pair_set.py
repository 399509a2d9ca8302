"""A set of user-item pairs that answers "is it in?" for whole arrays at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.array_types import Flags, Indices, Pairs


@dataclass(frozen=True)
class PairSet:
    """Distinct pairs, kept as one sorted number each (``user_index * n_items + item_index``).

    Attributes:
        keys: Sorted distinct keys, shape (N,), int64.
        n_items: Items in the snapshot; an item index is below it.
    """

    keys: Indices
    n_items: int

    @classmethod
    def of(cls, pairs: Pairs, n_items: int) -> PairSet:
        """Build the set; a pair given twice is kept once.

        Args:
            pairs: Shape (N, 2), int64, indices not negative.
            n_items: Items in the snapshot.

        Raises:
            ValueError: If ``pairs`` is not (N, 2) or an item index is not in [0, n_items).
        """
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"pairs must have shape (N, 2), got {pairs.shape}")
        if len(pairs) and not (pairs[:, 1].min() >= 0 and pairs[:, 1].max() < n_items):
            raise ValueError(
                f"pairs hold item indices {pairs[:, 1].min()} to {pairs[:, 1].max()}, "
                f"expected 0 to {n_items - 1}"
            )
        return cls(keys=np.unique(pairs[:, 0] * n_items + pairs[:, 1]), n_items=n_items)

    def __len__(self) -> int:
        """Number of distinct pairs."""
        return len(self.keys)

    def contains(self, users: Indices, items: Indices) -> Flags:
        """Say for each pair whether it is in the set.

        Args:
            users: User indices, any shape.
            items: Item indices, a shape that broadcasts with ``users``; -1 (padding) is never in the set.

        Returns:
            The broadcast shape, bool.
        """
        wanted = users * self.n_items + items
        if not len(self.keys):
            return np.zeros(wanted.shape, dtype=np.bool_)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found: Flags = (self.keys[place] == wanted) & (items >= 0)
        return found

    def pairs(self) -> Pairs:
        """The pairs themselves, shape (N, 2), ordered by user, then item."""
        return np.stack(np.divmod(self.keys, self.n_items), axis=1)

    def shared_with(self, other: PairSet) -> Pairs:
        """The pairs that both sets hold, shape (N, 2), ordered by user, then item."""
        both = np.intersect1d(self.keys, other.keys, assume_unique=True)
        return np.stack(np.divmod(both, self.n_items), axis=1)
