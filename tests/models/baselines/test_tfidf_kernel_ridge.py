"""Words alone find the topic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.baselines import tfidf_kernel_ridge
from models.baselines.tfidf_kernel_ridge import TfidfKernelRidgeConfig
from tests.models.baselines.rival_worlds import WORLD, found


def fit(**changes: Any):
    """The world of topics by its words."""
    data = WORLD.data
    return tfidf_kernel_ridge.fit(
        data.train,
        texts=WORLD.texts,
        warm_items=data.warm_items,
        n_users=data.n_users,
        config=TfidfKernelRidgeConfig(**changes),
    )


@pytest.mark.parametrize("landmarks", [60, 5000])
def test_cold_items_are_given_to_readers_of_their_topic(landmarks):
    factors = fit(landmarks=landmarks)
    assert factors.items.shape == (WORLD.data.n_items, min(landmarks, len(WORLD.data.warm_items)))
    assert found(factors) > 0.9


def test_by_hand():
    """One word each, so the kernel is the identity: a score is 1 / (1 + penalty) for readers, else 0."""
    factors = tfidf_kernel_ridge.fit(
        np.array([[0, 0], [1, 1]]),
        texts=["apple", "bread", "apple", "unheard"],
        warm_items=np.arange(2),
        n_users=2,
        config=TfidfKernelRidgeConfig(penalty=3.0),
    )
    scores = factors.scores(np.arange(2), np.array([2, 1, 3]))
    np.testing.assert_allclose(scores, [[1 / 4, 0, 0], [0, 1 / 4, 0]], atol=1e-4)


def test_same_seed_same_bits():
    one, two, other = fit(landmarks=30), fit(landmarks=30), fit(landmarks=30, seed=1)
    np.testing.assert_array_equal(one.users, two.users)
    assert not np.array_equal(one.users, other.users)


@pytest.mark.parametrize("name", ["landmarks", "penalty", "seed"])
def test_refusals(name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        TfidfKernelRidgeConfig(**{name: -1})
