"""Ridge regression from an item's text to its collaborative vector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.baselines.array_types import Indices, Matrix
from models.baselines.factors import Factors
from models.baselines.text_directions import text_directions

PENALTY = 30.0
"""Chosen on CiteULike's cold validation items."""


def fit(
    embeddings: Matrix,
    *,
    warm_items: Indices,
    user_vectors: Matrix,
    warm_vectors: Matrix,
    penalty: float = PENALTY,
) -> Factors:
    """Learn the collaborative vector of an item from its text on the warm items.

    The vectors are centred on their warm mean before the regression and moved back after it. A warm item
    keeps its own vector, so that warm rankings are those of the collaborative model.

    Args:
        embeddings: Text embedding of each item, shape (I, H), float32.
        warm_items: Items with a collaborative vector, shape (W,), int64.
        user_vectors: Collaborative user vectors, shape (U, D), float32.
        warm_vectors: Collaborative vectors of ``warm_items``, shape (W, D), float32.
        penalty: Positive.

    Returns:
        Factors: the user vectors (U, D) and one vector per item (I, D).

    Raises:
        ValueError: If ``penalty`` is not positive or the shapes disagree.

    Source: van den Oord et al. (2013), with a linear map in place of the network.
    """
    at = path(embeddings, warm_items=warm_items, user_vectors=user_vectors, warm_vectors=warm_vectors)
    return at(penalty)


def path(
    embeddings: Matrix, *, warm_items: Indices, user_vectors: Matrix, warm_vectors: Matrix
) -> Callable[[float], Factors]:
    """The same, to be asked at several penalties: what all of them have in common is computed once."""
    if warm_vectors.shape != (len(warm_items), user_vectors.shape[1]):
        raise ValueError(
            f"warm_vectors must have shape ({len(warm_items)}, {user_vectors.shape[1]}), "
            f"got {warm_vectors.shape}"
        )
    texts = text_directions(embeddings, warm_items).astype(np.float64)
    known = texts[warm_items]  # (W, H)
    mean = warm_vectors.mean(axis=0, dtype=np.float64)
    gram, target = known.T @ known, known.T @ (warm_vectors - mean)  # (H, H), (H, D)

    def at(penalty: float) -> Factors:
        if not penalty > 0:
            raise ValueError(f"penalty must be positive, got {penalty}")
        weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), target)  # (H, D)
        items = (texts @ weights + mean).astype(np.float32)  # (I, D)
        items[warm_items] = warm_vectors
        return Factors(users=user_vectors.astype(np.float32, copy=False), items=items)

    return at
