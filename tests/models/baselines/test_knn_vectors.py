"""Cold items in the middle of their neighbours; nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.baselines import knn_vectors
from models.baselines.knn_vectors import KnnVectorsConfig
from models.baselines.text_directions import text_directions
from tests.models.baselines.rival_worlds import found, rival_input

DATA = rival_input()


@pytest.mark.parametrize("neighbours", [1, 5, 10_000])
def test_a_cold_item_is_the_mean_of_its_neighbours(neighbours):
    factors = knn_vectors.fit(DATA, config=KnnVectorsConfig(neighbours=neighbours))
    directions = text_directions(DATA.features, DATA.warm_items)
    nearest = np.argsort(-(directions[DATA.warm_items] @ directions[-1]))[:neighbours]
    np.testing.assert_allclose(factors.items[-1], DATA.warm_vectors[nearest].mean(axis=0), atol=1e-6)


def test_users_and_warm_items_stay_bitwise():
    factors = knn_vectors.fit(DATA)
    np.testing.assert_array_equal(factors.users, DATA.user_vectors)
    np.testing.assert_array_equal(factors.items[DATA.warm_items], DATA.warm_vectors)


def test_cold_topics_are_found():
    assert found(knn_vectors.fit(DATA)) > 0.9
    assert found(knn_vectors.fit(DATA, config=KnnVectorsConfig.tuned())) > 0.9


def test_refuses_no_neighbours():
    with pytest.raises(ValueError, match="neighbours must be at least 1, got 0"):
        KnnVectorsConfig(neighbours=0)


def test_validation_items_choose_the_number_of_neighbours():
    wanted = knn_vectors.fit(DATA, config=KnnVectorsConfig(neighbours=32))
    data = replace(DATA, validate=lambda found: -float(np.abs(found.items - wanted.items).sum()))
    np.testing.assert_array_equal(
        knn_vectors.fit(data, config=KnnVectorsConfig(neighbours=10)).items, wanted.items
    )
