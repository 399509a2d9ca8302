"""Uniform negatives: warm items that a user has no training pair with."""

from __future__ import annotations

import numpy as np

from models.retrieval import IndexArray


class NegativeSampler:
    """Draws warm items uniformly from those a user has not interacted with, without rejection.

    A user's r-th free item is r plus the number of positives before it. With the positives in order, the
    j-th of them, p_j, has p_j - j free items before it, so that number is found by one binary search for
    all draws of all users.

    Args:
        pairs: Training pairs (N, 2), int64: user_index and *position* of the warm item in [0, W); none twice.
        n_users: U.
        n_items: W.

    Raises:
        ValueError: If a user has interacted with all W items, which leaves BPR nothing to compare with.

    Source: Rendle et al., "BPR" (UAI 2009), bootstrap sampling; exact counting instead of rejection.
    """

    def __init__(self, pairs: IndexArray, *, n_users: int, n_items: int) -> None:
        keys = np.sort(pairs[:, 0] * n_items + pairs[:, 1])
        users, items = keys // n_items, keys % n_items
        degrees = np.bincount(users, minlength=n_users)
        if np.any(degrees >= n_items):
            raise ValueError(
                f"user {int(np.argmax(degrees >= n_items))} has interacted with all {n_items} warm items, "
                "so no negative is left: remove this user's pairs or add items"
            )
        self._offsets = np.concatenate(([0], np.cumsum(degrees)))
        rank = np.arange(len(keys)) - self._offsets[users]
        self._free = n_items - degrees  # (U,)
        self._stride = n_items + 1
        self._free_before = users * self._stride + items - rank  # (N,), rising

    def sample(self, users: IndexArray, *, generator: np.random.Generator) -> IndexArray:
        """One negative for each entry of ``users``.

        Args:
            users: user_index, shape (n,), int64; repeated users get independent draws.
            generator: Source of randomness.

        Returns:
            Positions of warm items in [0, W), shape (n,), int64.
        """
        drawn = generator.integers(0, self._free[users])  # (n,), which free item
        found = np.searchsorted(self._free_before, users * self._stride + drawn, side="right")
        return drawn + found - self._offsets[users]
