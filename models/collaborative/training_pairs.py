"""Checked training pairs, with warm items numbered without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.retrieval import IndexArray


@dataclass(frozen=True)
class TrainingPairs:
    """Training pairs by position of the warm item.

    Attributes:
        positions: user_index and position of the item in ``warm_item_index``, shape (N, 2), int64.
        warm_item_index: item_index of the items that occur, shape (W,), int64, rising.
        n_users: U.
    """

    positions: IndexArray
    warm_item_index: IndexArray
    n_users: int

    @classmethod
    def from_indices(cls, train: IndexArray, *, n_users: int, n_items: int) -> TrainingPairs:
        """Check pairs of indices and number their items.

        Args:
            train: user_index and item_index, shape (N, 2), int64.
            n_users: U.
            n_items: I, all items.

        Returns:
            The same pairs in the same order, by position.

        Raises:
            ValueError: If there is no pair, an index is out of range, a pair comes twice, or a user has none.
        """
        if train.ndim != 2 or train.shape[1] != 2 or len(train) == 0:
            raise ValueError(f"train must hold at least one pair, shape (N, 2), got shape {train.shape}")
        for column, name, size in ((0, "user_index", n_users), (1, "item_index", n_items)):
            low, high = int(train[:, column].min()), int(train[:, column].max())
            if low < 0 or high >= size:
                raise ValueError(f"train's {name} must be in [0, {size}), got {low} to {high}")
        keys, counts = np.unique(train[:, 0] * n_items + train[:, 1], return_counts=True)
        if len(keys) != len(train):
            twice = int(keys[np.argmax(counts > 1)])
            raise ValueError(
                f"train must hold each pair once, but user {twice // n_items} and item {twice % n_items} "
                "come twice: drop repeated events first"
            )
        without = np.setdiff1d(np.arange(n_users), train[:, 0])
        if len(without):
            raise ValueError(
                f"each of the {n_users} users needs a training pair, but {len(without)} have none "
                f"(first: {without[:5].tolist()}): leave them out of the snapshot's users"
            )
        warm_item_index, items = np.unique(train[:, 1], return_inverse=True)
        positions = np.stack((train[:, 0], items.ravel()), axis=1).astype(np.int64)
        return cls(positions, warm_item_index.astype(np.int64), n_users)
