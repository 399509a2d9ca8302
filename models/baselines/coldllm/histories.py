"""What the language model is told of a user: those of the read items that are most like the one in question."""

from __future__ import annotations

import numpy as np

from models.baselines.array_types import Indices, Matrix, Pairs


class Histories:
    """Each user's read items, by likeness to a target.

    Args:
        train: Training pairs (N, 2), int64; a pair given twice counts once.
        n_users: U.
        directions: Text vectors of all items, of length one, shape (I, H), float32.
        length: L, items named at most, >= 1.

    Raises:
        ValueError: If ``length`` is below 1.
    """

    def __init__(self, train: Pairs, *, n_users: int, directions: Matrix, length: int) -> None:
        if length < 1:
            raise ValueError(f"length must be at least 1, got {length}")
        pairs = np.unique(train, axis=0)  # by user, then item
        self.degrees = np.bincount(pairs[:, 0], minlength=n_users)
        self._starts = np.concatenate(([0], np.cumsum(self.degrees)))
        self._items = pairs[:, 1]
        self._directions = directions
        self._length = length

    def most_similar(self, user: int, target: int) -> Indices:
        """The user's items most like the target, most like first, at most L; never the target itself.

        A pair of training has its target among the user's items: shown, it would be the answer.
        """
        own = self._items[self._starts[user] : self._starts[user + 1]]
        own = own[own != target]
        likeness = self._directions[own] @ self._directions[target]  # (n,)
        chosen: Indices = own[np.argsort(-likeness, kind="stable")[: self._length]]
        return chosen
