"""Popularity: active users are likelier to act again, well-read items to be read again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.training_matrix import training_matrix


@dataclass(frozen=True)
class Popularity:
    """Score = log-probability of the user by activity, plus log(1 + readers) of the item.

    A cold item has no readers, so all cold items tie (the user side has no signal there), while the audience
    side has one: for a cold item the scores over all users are exactly the log-probabilities of the degree
    prior, in nats.

    Attributes:
        log_activity: log of (degree + 1) over its sum, shape (U,), float32, nats.
        log_readers: log of (1 + training users), shape (I,), float32; 0 for a cold item.
    """

    log_activity: Matrix
    log_readers: Matrix

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Scores of users (b,) for items (c,), shape (b, c), float32."""
        return self.log_activity[user_index][:, None] + self.log_readers[item_index][None, :]


def fit(train: Pairs, *, n_users: int, n_items: int) -> Popularity:
    """Count.

    Args:
        train: Training pairs, shape (N, 2), int64.
        n_users: U.
        n_items: I.

    Returns:
        The reference.

    Raises:
        ValueError: If ``train`` is not (N, 2) or holds an index out of range.
    """
    matrix = training_matrix(train, n_users=n_users, n_items=n_items)
    activity = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel() + 1.0
    readers = np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()
    return Popularity(
        log_activity=np.log(activity / activity.sum()).astype(np.float32),
        log_readers=np.log1p(readers).astype(np.float32),
    )
