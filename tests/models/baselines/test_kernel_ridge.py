"""Kernel ridge with all warm items as landmarks is the exact solution; with fewer it still finds the topic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.baselines import kernel_ridge
from models.baselines.kernel_ridge import KernelRidgeConfig
from models.baselines.text_directions import text_directions
from models.baselines.validation_choice import STEP
from tests.models.baselines.rival_worlds import found, rival_input


def test_all_landmarks_give_the_exact_solution():
    """Scores are k(cold, warm) (K + penalty)^-1 Y."""
    data = rival_input()
    factors = kernel_ridge.fit(data, config=KernelRidgeConfig(landmarks=10_000, penalty=2.0, sharpness=1.5))
    texts = text_directions(data.features, data.warm_items).astype(np.float64)
    kernel = np.exp(1.5 * (texts @ texts[data.warm_items].T - 1))
    target = np.zeros((data.n_items, data.n_users))
    target[data.train[:, 1], data.train[:, 0]] = 1
    among = kernel[data.warm_items] + 2.0 * np.eye(len(data.warm_items))
    exact = kernel @ np.linalg.solve(among, target[data.warm_items])
    scores = factors.scores(np.arange(data.n_users), np.arange(data.n_items))
    np.testing.assert_allclose(scores, exact.T, atol=1e-3)


def test_validation_items_choose_the_penalty():
    data, config = rival_input(), KernelRidgeConfig(landmarks=30)
    wanted = kernel_ridge.fit(data, config=replace(config, penalty=config.penalty * STEP**2))
    asked = replace(data, validate=lambda factors: -float(np.abs(factors.users - wanted.users).sum()))
    np.testing.assert_allclose(
        kernel_ridge.fit(asked, config=config).users, wanted.users, rtol=1e-3, atol=1e-6
    )


def test_few_landmarks_find_the_topic_of_cold_items():
    factors = kernel_ridge.fit(rival_input(), config=KernelRidgeConfig(landmarks=30))
    assert factors.items.shape[1] == 30
    assert factors.items.dtype == factors.users.dtype == np.float32
    assert found(factors) > 0.9


def test_landmarks_follow_the_seed():
    config = KernelRidgeConfig(landmarks=20)
    one, same, other = (kernel_ridge.fit(rival_input(seed=seed), config=config).users for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"landmarks": 0}, "landmarks must be at least 1, got 0"),
        ({"penalty": 0.0}, "penalty must be positive, got 0"),
        ({"sharpness": -1.0}, "sharpness must be positive, got -1"),
    ],
)
def test_refusals(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        KernelRidgeConfig(**changes)
