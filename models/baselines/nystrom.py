"""Nystrom features: a kernel's rows against a few landmarks, whitened, and ridge regression on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import linalg, sparse

from models.baselines.array_types import Indices, Matrix

JITTER = 1e-5
"""Added to the landmarks' diagonal, as a share of its mean, so that two landmarks of one text are allowed."""


def choose_landmarks(warm_items: Indices, landmarks: int, *, seed: int) -> Indices:
    """Draw warm items without replacement.

    Args:
        warm_items: Items with training pairs, shape (W,), int64.
        landmarks: Items wanted, at least 1; more than W means all.
        seed: Of the draw.

    Returns:
        Items, shape (m,) with m = min(landmarks, W), int64, rising.

    Raises:
        ValueError: If ``landmarks`` is below 1 or ``warm_items`` is empty.
    """
    if landmarks < 1:
        raise ValueError(f"landmarks must be at least 1, got {landmarks}")
    if not len(warm_items):
        raise ValueError("warm_items is empty; a kernel needs at least one item with training pairs")
    kept = min(landmarks, len(warm_items))
    drawn = np.random.default_rng(seed).choice(warm_items, size=kept, replace=False)
    return np.asarray(np.sort(drawn), dtype=np.int64)


def whitened(kernel: Matrix, landmark_rows: Indices) -> Matrix:
    """Features whose inner product is the Nystrom approximation of the kernel.

    With K the kernel of all items and the landmarks, M its landmark rows and M = L L' (Cholesky), the
    features are K L'^-1; their inner product is K M^-1 K'.

    Args:
        kernel: Kernel of each item with each landmark, shape (I, m), float32; positive semidefinite.
        landmark_rows: Where the landmarks stand among the items, in the order of the columns, shape (m,).

    Returns:
        Shape (I, m), float32.

    Raises:
        ValueError: If ``kernel`` is not finite.

    Source: Williams and Seeger, "Using the Nystrom Method to Speed Up Kernel Machines" (NIPS 2000).
    """
    if not np.isfinite(kernel).all():
        raise ValueError("kernel must be finite; are the features?")
    among = kernel[landmark_rows].astype(np.float64)  # (m, m)
    among = (among + among.T) / 2
    among[np.diag_indices_from(among)] += JITTER * max(np.trace(among) / len(among), JITTER)
    lower = np.linalg.cholesky(among)
    root = linalg.solve_triangular(lower, np.eye(len(lower)), lower=True).T  # (m, m)
    return kernel @ root.astype(np.float32)


def regression(features: Matrix, readers: sparse.csr_matrix) -> Callable[[float], Matrix]:
    """Ridge regression from features to who has read the item, to be asked at several penalties.

    Minimises ``||F B - Y||^2 + penalty ||B||^2`` over B; on whitened features this is kernel ridge
    regression on the span of the landmarks. What all penalties have in common is computed once.

    Args:
        features: F, of the warm items, shape (W, m), float32.
        readers: Y transposed, shape (U, W), sparse.

    Returns:
        From a penalty to B transposed, one vector per user, shape (U, m), float32; raises ``ValueError`` if the
        penalty is not positive.
    """
    gram = (features.T @ features).astype(np.float64)  # (m, m)
    target = np.asarray(readers @ features, dtype=np.float64)  # (U, m)

    def at(penalty: float) -> Matrix:
        if not penalty > 0:
            raise ValueError(f"penalty must be positive, got {penalty}")
        penalised = gram + penalty * np.eye(len(gram))
        return np.asarray(linalg.solve(penalised, target.T, assume_a="pos").T, dtype=np.float32)

    return at
