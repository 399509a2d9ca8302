"""Neighbours by hand and against the formula written out."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import content_knn
from models.baselines.text_directions import text_directions

RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.normal(size=(40, 6)).astype(np.float32)
WARM = np.arange(30)
TRAIN = np.unique(np.stack([RNG.integers(0, 12, 90), RNG.integers(0, 30, 90)], axis=1), axis=0)


@pytest.mark.parametrize("neighbours", [1, 5, 30, 200])
def test_scores_equal_the_formula(neighbours):
    """score(u, i) = sum over the item's nearest warm items that u has read of max(0, cos) squared."""
    model = content_knn.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=12, neighbours=neighbours)
    directions = text_directions(EMBEDDINGS, WARM).astype(np.float64)
    expected = np.zeros((12, 40))
    for item in range(40):
        cosine = directions[WARM] @ directions[item]
        if item < 30:
            cosine[item] = 0
        for near in np.argsort(-cosine)[:neighbours]:
            for user in TRAIN[TRAIN[:, 1] == near, 0]:
                expected[user, item] += max(0.0, cosine[near]) ** 2
    np.testing.assert_allclose(model.scores(np.arange(12), np.arange(40)), expected, atol=1e-5)
    np.testing.assert_allclose(model.scores(np.arange(12), np.arange(5)), expected[:, :5], atol=1e-5)


def test_an_item_is_not_its_own_neighbour():
    model = content_knn.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=12)
    assert model.similarity.diagonal().max() == 0


def test_refuses_no_neighbours():
    with pytest.raises(ValueError, match="neighbours must be at least 1, got 0"):
        content_knn.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=12, neighbours=0)
