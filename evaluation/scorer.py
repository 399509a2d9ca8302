"""What a model must offer to be judged, and the two plainest ways to offer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Indices, Scores


class Scorer(Protocol):
    """Anything that scores users for items; a higher score means a likelier interaction."""

    def scores(self, user_index: Indices, item_index: Indices) -> Scores:
        """Score each given user for each given item.

        Args:
            user_index: Users, shape (b,), int64.
            item_index: Items, shape (c,), int64.

        Returns:
            Finite scores, shape (b, c), float32. The same pair has the same score in any block.
        """
        ...


@dataclass(frozen=True)
class FactorScorer:
    """Score = inner product of a user's and an item's vector.

    Attributes:
        users: Shape (U, F), float32.
        items: Shape (I, F), float32.

    Raises:
        ValueError: If the two tables are not matrices of the same width.
    """

    users: npt.NDArray[np.float32]
    items: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.users.ndim != 2 or self.items.ndim != 2 or self.users.shape[1] != self.items.shape[1]:
            raise ValueError(
                f"users (U, F) and items (I, F) must share F, got {self.users.shape} and {self.items.shape}"
            )

    def scores(self, user_index: Indices, item_index: Indices) -> Scores:
        """Inner products of the given rows, shape (b, c), float32."""
        product: Scores = self.users[user_index] @ self.items[item_index].T  # (b, c)
        return product.astype(np.float32, copy=False)


@dataclass(frozen=True)
class DenseScorer:
    """All scores written out, for small worlds and for oracles.

    Attributes:
        table: Shape (U, I), float32.

    Raises:
        ValueError: If the table is not a matrix.
    """

    table: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.table.ndim != 2:
            raise ValueError(f"table must have shape (U, I), got {self.table.shape}")

    def scores(self, user_index: Indices, item_index: Indices) -> Scores:
        """The given rows and columns of the table, shape (b, c), float32."""
        return self.table[np.ix_(user_index, item_index)].astype(np.float32, copy=False)


UNKNOWN_USER_SCORE = np.float32(-1e30)
"""Finite, and below anything that a model says."""


@dataclass(frozen=True)
class RenumberedScorer:
    """A model trained under other user numbers, such as a champion judged on a newer snapshot.

    A user whom the model does not know scores :data:`UNKNOWN_USER_SCORE` for every item: last in every
    audience, and without any order of his own items (the gate counts him zero).

    Attributes:
        scorer: The model, asked under its own user numbers.
        user_numbers: The model's number of each user, shape (U,), int64, -1 for unknown users.
    """

    scorer: Scorer
    user_numbers: Indices

    def scores(self, user_index: Indices, item_index: Indices) -> Scores:
        """Scores of users (b,) for items (c,), shape (b, c), float32."""
        numbers = self.user_numbers[user_index]
        known = np.flatnonzero(numbers >= 0)
        scores = np.full((len(user_index), len(item_index)), UNKNOWN_USER_SCORE, dtype=np.float32)
        if len(known):
            scores[known] = self.scorer.scores(numbers[known], item_index)
        return scores
