"""Training pairs as a sparse matrix, rows users, columns items."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from models.baselines.array_types import Pairs


def training_matrix(train: Pairs, *, n_users: int, n_items: int) -> sparse.csr_matrix:
    """One where a user has interacted with an item in training; a pair given twice still counts one.

    Args:
        train: Training pairs, shape (N, 2), int64.
        n_users: U.
        n_items: I.

    Returns:
        Matrix (U, I), float32.

    Raises:
        ValueError: If ``train`` is not (N, 2) or holds an index out of range.
    """
    if train.ndim != 2 or train.shape[1] != 2:
        raise ValueError(f"train must have shape (N, 2), got {train.shape}")
    if len(train) and (train.min() < 0 or train[:, 0].max() >= n_users or train[:, 1].max() >= n_items):
        raise ValueError(
            f"train holds users up to {train[:, 0].max()} and items up to {train[:, 1].max()} "
            f"(smallest index {train.min()}), expected users in [0, {n_users}) and items in [0, {n_items})"
        )
    ones = np.ones(len(train), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (train[:, 0], train[:, 1])), shape=(n_users, n_items))
    matrix.data[:] = 1.0
    return matrix
