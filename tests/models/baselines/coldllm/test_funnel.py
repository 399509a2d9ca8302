"""From candidates to simulated users, by hand."""

from __future__ import annotations

import numpy as np

from models.baselines.coldllm.funnel import (
    FunnelAudience,
    candidates,
    refined_order,
    simulated_pairs,
    wrong_candidates,
)
from models.baselines.factors import Factors

FACTORS = Factors(
    np.array([[1.0], [4.0], [3.0], [2.0]], dtype=np.float32),
    np.array([[1.0], [-1.0], [2.0]], dtype=np.float32),
)


def test_the_best_users_of_items():
    users, scores = candidates(FACTORS, np.array([1, 2]), n=2)
    assert users.tolist() == [[0, 3], [1, 2]]
    assert scores.tolist() == [[-1, -2], [8, 6]]
    assert candidates(FACTORS, np.array([1]), n=50)[0].shape == (1, 4)


def test_wrong_candidates_are_not_the_items_own():
    train = np.array([[1, 0], [2, 0], [3, 0], [1, 2]])
    found = wrong_candidates(FACTORS, train, np.array([0, 2]), n=2)
    assert found.tolist() == [[0, -1], [2, 3]]


def test_the_language_model_alone_and_with_the_filter():
    users = np.array([[7, 8, 9]])
    scores = np.array([[3.0, 2.0, 1.0]], dtype=np.float32)
    margins = np.array([[0.0, 10.0, 20.0]], dtype=np.float32)
    assert refined_order(users, scores, margins, filter_weight=0).tolist() == [[9, 8, 7]]
    assert refined_order(users, scores, margins, filter_weight=3).tolist() == [[7, 8, 9]]
    assert refined_order(users, scores, 0 * margins, filter_weight=0).tolist() == [[7, 8, 9]]


def test_simulated_pairs():
    assert simulated_pairs(np.array([[5, 6], [7, 5]]), np.array([2, 9])).tolist() == [
        [5, 2],
        [6, 2],
        [7, 9],
        [5, 9],
    ]


def test_an_audience_is_the_refined_list_and_then_the_filters_order():
    audience = FunnelAudience(FACTORS, np.array([2]), np.array([[0, 3]]))
    everyone = np.arange(4)
    scores = audience.scores(everyone, np.array([2, 0]))
    assert np.argsort(-scores[:, 0]).tolist() == [0, 3, 1, 2]
    assert np.argsort(-scores[:, 1]).tolist() == [1, 2, 3, 0]
    some = audience.scores(np.array([3, 1]), np.array([2]))
    np.testing.assert_array_equal(some[:, 0], scores[[3, 1], 0])
