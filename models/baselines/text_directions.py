"""Text embeddings made comparable by their cosine."""

from __future__ import annotations

import numpy as np

from models.baselines.array_types import Indices, Matrix


def text_directions(embeddings: Matrix, warm_items: Indices) -> Matrix:
    """Normalise each embedding, subtract the mean of the warm items, normalise again.

    Sentence encoders put all texts into a narrow cone; without the mean, what is left tells texts apart.
    The mean is taken over warm items alone, so that cold texts stay unseen until they are scored.

    Args:
        embeddings: One row per item, shape (I, H), floating, finite.
        warm_items: Items with training pairs, shape (W,), int64, W >= 1.

    Returns:
        Rows of length one (zero where nothing is left), shape (I, H), float32.

    Raises:
        ValueError: If ``embeddings`` is not a finite matrix or ``warm_items`` is empty.
    """
    if embeddings.ndim != 2 or not np.isfinite(embeddings).all():
        raise ValueError(f"embeddings must be a finite matrix (I, H), got shape {embeddings.shape}")
    if not len(warm_items):
        raise ValueError("warm_items is empty; a reference needs at least one item with training pairs")
    directions = _unit_rows(embeddings)
    return _unit_rows(directions - directions[warm_items].mean(axis=0))


def _unit_rows(rows: Matrix) -> Matrix:
    """Rows over their Euclidean length."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(length, 1e-12)).astype(np.float32)
