"""Ridge regression from an item's text to its users, in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.factors import Factors
from models.baselines.text_directions import text_directions
from models.baselines.training_matrix import training_matrix

PENALTY = 30.0
"""Chosen on CiteULike's cold validation items."""


def fit(
    train: Pairs, *, embeddings: Matrix, warm_items: Indices, n_users: int, penalty: float = PENALTY
) -> Factors:
    """Predict the column of each warm item in the training matrix from the item's text.

    Minimises ``||X B - Y||^2 + penalty ||B||^2`` over B, with X the warm items' text directions (W, H) and Y
    their users (W, U), without intercept: the texts are centred, and a constant per user would only add his
    activity to each score.

    Args:
        train: Training pairs, shape (N, 2), int64.
        embeddings: Text embedding of each item, shape (I, H), float32.
        warm_items: Items with training pairs, shape (W,), int64.
        n_users: U.
        penalty: Positive.

    Returns:
        Factors: users (U, H) are the columns of B, items (I, H) the text directions.

    Raises:
        ValueError: If ``penalty`` is not positive, or ``train`` or ``embeddings`` is malformed.

    Source: Hoerl and Kennard (1970).
    """
    return path(train, embeddings=embeddings, warm_items=warm_items, n_users=n_users)(penalty)


def path(
    train: Pairs, *, embeddings: Matrix, warm_items: Indices, n_users: int
) -> Callable[[float], Factors]:
    """The same, to be asked at several penalties: what all of them have in common is computed once."""
    matrix = training_matrix(train, n_users=n_users, n_items=len(embeddings))
    items = text_directions(embeddings, warm_items)
    known = items[warm_items].astype(np.float64)  # (W, H)
    gram = known.T @ known  # (H, H)
    target = (matrix[:, warm_items] @ known).T  # (H, U)

    def at(penalty: float) -> Factors:
        if not penalty > 0:
            raise ValueError(f"penalty must be positive, got {penalty}")
        weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), target)  # (H, U)
        return Factors(users=weights.T.astype(np.float32), items=items)

    return at


def divided_by_root_degree(factors: Factors, train: Pairs) -> Factors:
    """Divide each user's vector by the root of his training pairs.

    The order of items for a user stays the same; the order of users for an item no longer favours those who
    read the most. A user without training pairs is divided by one.

    Args:
        factors: The raw reference, users (U, H).
        train: The pairs it was fitted on, shape (N, 2), int64.

    Returns:
        Factors with the same items.
    """
    degree = np.bincount(train[:, 0], minlength=len(factors.users))
    root = np.sqrt(np.maximum(degree, 1)).astype(np.float32)
    return Factors(users=factors.users / root[:, None], items=factors.items)
