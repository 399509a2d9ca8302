"""Normalised, centred on the warm items, normalised again."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines.text_directions import text_directions


def test_directions_by_hand():
    """Directions (1, 0), (0, 1), (0, 1); warm mean (1/2, 1/2) of the first two; left: +-(1, -1) / root 2."""
    embeddings = np.array([[3, 0], [0, 5], [0, 7]], dtype=np.float32)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(
        text_directions(embeddings, np.array([0, 1])),
        [[half, -half], [-half, half], [-half, half]],
        rtol=1e-6,
    )


def test_cold_texts_do_not_move_the_warm_ones():
    embeddings = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    changed = embeddings.copy()
    changed[4:] += 10
    warm = np.arange(4)
    np.testing.assert_array_equal(
        text_directions(embeddings, warm)[warm], text_directions(changed, warm)[warm]
    )


def test_a_text_at_the_mean_has_no_direction():
    embeddings = np.array([[1, 0], [1, 0]], dtype=np.float32)
    assert text_directions(embeddings, np.array([0, 1])).tolist() == [[0, 0], [0, 0]]


def test_refusals():
    with pytest.raises(ValueError, match="finite matrix"):
        text_directions(np.array([[np.nan]], dtype=np.float32), np.array([0]))
    with pytest.raises(ValueError, match="warm_items is empty"):
        text_directions(np.ones((1, 1), dtype=np.float32), np.empty(0, dtype=np.int64))
