"""Scores as inner products of two tables of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.array_types import Indices, Matrix


@dataclass(frozen=True)
class Factors:
    """One vector per user and per item.

    Attributes:
        users: Shape (U, F), float32.
        items: Shape (I, F), float32.
    """

    users: Matrix
    items: Matrix

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Inner products of users (b,) with items (c,), shape (b, c), float32."""
        product: Matrix = self.users[user_index] @ self.items[item_index].T  # (b, c)
        return product.astype(np.float32, copy=False)
