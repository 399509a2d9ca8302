"""Closed forms against the condition that defines them: the gradient is zero."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import ridge

RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.normal(size=(40, 6)).astype(np.float32)
WARM = np.arange(30)
TRAIN = np.unique(np.stack([RNG.integers(0, 12, 90), RNG.integers(0, 30, 90)], axis=1), axis=0)


def test_the_gradient_of_the_loss_is_zero():
    factors = ridge.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=13, penalty=2.0)
    known, weights = factors.items[WARM].astype(np.float64), factors.users.T.astype(np.float64)
    target = np.zeros((30, 13))
    target[TRAIN[:, 1], TRAIN[:, 0]] = 1
    gradient = known.T @ (known @ weights - target) + 2.0 * weights
    np.testing.assert_allclose(gradient, 0, atol=1e-5)
    assert not factors.users[12].any()


def test_a_larger_penalty_gives_smaller_vectors():
    sizes = [
        np.abs(ridge.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=12, penalty=p).users).sum()
        for p in (1.0, 10.0, 100.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_root_degree_keeps_every_users_order_and_divides_by_the_root():
    raw = ridge.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=13)
    scaled = ridge.divided_by_root_degree(raw, TRAIN)
    degree = np.bincount(TRAIN[:, 0], minlength=13)
    np.testing.assert_allclose(scaled.users[:12] * np.sqrt(degree[:12, None]), raw.users[:12], rtol=1e-5)
    np.testing.assert_array_equal(scaled.users[12], raw.users[12])
    users, items = np.arange(12), np.arange(40)
    np.testing.assert_array_equal(
        scaled.scores(users, items).argsort(axis=1), raw.scores(users, items).argsort(axis=1)
    )


def test_refuses_a_penalty_that_is_not_positive():
    with pytest.raises(ValueError, match=r"penalty must be positive, got 0"):
        ridge.fit(TRAIN, embeddings=EMBEDDINGS, warm_items=WARM, n_users=12, penalty=0.0)
