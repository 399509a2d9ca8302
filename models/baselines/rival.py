"""What every rival is given: the same pairs, the same text vectors, the same collaborative vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.factors import Factors

Validate = Callable[[Factors], float]
"""Value of a model on cold validation items; higher is better."""


@dataclass(frozen=True)
class RivalInput:
    """One training set for all methods, so that a comparison compares methods and nothing else.

    Attributes:
        train: Training pairs, shape (N, 2), int64; every item is warm.
        n_users: U.
        features: Text vectors of all items, shape (I, H), float32, as the language model gives them.
        warm_items: Items with training pairs, shape (W,), int64, rising.
        user_vectors: Collaborative vectors of users, shape (U, D), float32; fixed.
        warm_vectors: Collaborative vectors of the warm items in their order, shape (W, D), float32; fixed.
        validate: Asked after each epoch; the best epoch is kept. None: the last epoch stays.
        seed: Seed of initial values, order and draws.

    Raises:
        ValueError: If shapes disagree, an index is out of range, or an item of a pair is not warm.
    """

    train: Pairs
    n_users: int
    features: Matrix
    warm_items: Indices
    user_vectors: Matrix
    warm_vectors: Matrix
    validate: Validate | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        if self.train.ndim != 2 or self.train.shape[1] != 2 or not len(self.train):
            raise ValueError(f"train must be (N, 2) with at least one pair, got {self.train.shape}")
        if self.train.min() < 0 or self.train[:, 0].max() >= self.n_users:
            raise ValueError(f"train must name users in [0, {self.n_users}), got {self.train[:, 0].max()}")
        stray = np.setdiff1d(self.train[:, 1], self.warm_items)
        if len(stray):
            raise ValueError(f"train names {len(stray)} items that are not warm, first {stray[0]}")
        if len(self.warm_items) and self.warm_items.max() >= len(self.features):
            raise ValueError(f"warm_items must be in [0, {len(self.features)}), got {self.warm_items.max()}")
        for name, table, rows in (
            ("user_vectors", self.user_vectors, self.n_users),
            ("warm_vectors", self.warm_vectors, len(self.warm_items)),
        ):
            if table.ndim != 2 or len(table) != rows:
                raise ValueError(f"{name} must have {rows} rows, got shape {table.shape}")
        if self.user_vectors.shape[1] != self.warm_vectors.shape[1]:
            raise ValueError(
                f"user_vectors {self.user_vectors.shape} and warm_vectors {self.warm_vectors.shape} "
                "must be of one space"
            )

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.features)
