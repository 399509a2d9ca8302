"""How often items with such a text are taken: one list for everybody, which knows no user but knows new items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.factors import Factors
from models.baselines.nystrom import choose_landmarks, regression, whitened
from models.baselines.text_directions import text_directions

PENALTY, LANDMARKS = 2.0, 2500


def fit(
    train: Pairs,
    *,
    embeddings: Matrix,
    warm_items: Indices,
    n_users: int,
    landmarks: int = LANDMARKS,
    penalty: float = PENALTY,
    seed: int = 0,
) -> Factors:
    """Regress the logarithm of the warm items' training pairs on their texts.

    Args:
        train: Training pairs, shape (N, 2), int64; every warm item has one.
        embeddings: Text embedding of each item, shape (I, H), float32.
        warm_items: Items with training pairs, shape (W,), int64.
        n_users: U.
        landmarks: Warm items that span the solution, >= 1; more than W means all.
        penalty: Ridge weight, > 0.
        seed: Draws the landmarks.

    Returns:
        Factors: users (U, 1) are all 1, items (I, 1) the logarithm of the expected popularity, around its mean.

    Raises:
        ValueError: If ``landmarks`` or ``penalty`` is out of range, ``warm_items`` is empty, or ``embeddings`` is
            malformed.

    Source: kernel ridge regression (Saunders et al., ICML 1998) with the kernel of ``kernel_ridge``.
    """
    at = path(
        train, embeddings=embeddings, warm_items=warm_items, n_users=n_users, landmarks=landmarks, seed=seed
    )
    return at(penalty)


def path(
    train: Pairs,
    *,
    embeddings: Matrix,
    warm_items: Indices,
    n_users: int,
    landmarks: int,
    seed: int,
) -> Callable[[float], Factors]:
    """The same, to be asked at several penalties: what all of them have in common is computed once."""
    directions = text_directions(embeddings, warm_items)  # (I, H)
    chosen = choose_landmarks(warm_items, landmarks, seed=seed)
    items = whitened(np.exp(directions @ directions[chosen].T - 1), chosen)  # (I, m)
    taken = np.log(np.bincount(train[:, 1], minlength=len(embeddings))[warm_items].clip(min=1))
    target = sparse.csr_matrix((taken - taken.mean())[None].astype(np.float32))  # (1, W)
    weights = regression(items[warm_items], target)
    everyone = np.ones((n_users, 1), dtype=np.float32)
    return lambda penalty: Factors(users=everyone, items=items @ weights(penalty).T)
