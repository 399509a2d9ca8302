"""Scorers give the block that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.scorer import UNKNOWN_USER_SCORE, DenseScorer, FactorScorer, RenumberedScorer

USERS = np.array([[1, 0], [0, 2], [1, 1]], dtype=np.float32)
ITEMS = np.array([[3, 5], [7, 11]], dtype=np.float32)


def test_factor_scorer_multiplies_the_rows_that_are_asked_for():
    scores = FactorScorer(USERS, ITEMS).scores(np.array([2, 0]), np.array([1]))
    assert scores.tolist() == [[18.0], [7.0]]
    assert scores.dtype == np.float32


def test_dense_and_factor_scorer_agree():
    users, items = np.array([0, 2, 1]), np.array([1, 0])
    dense = DenseScorer(USERS @ ITEMS.T)
    np.testing.assert_array_equal(dense.scores(users, items), FactorScorer(USERS, ITEMS).scores(users, items))


def test_renumbered_users_are_asked_under_their_old_number_and_unknown_ones_come_last():
    scorer = RenumberedScorer(DenseScorer(USERS @ ITEMS.T), np.array([-1, 2, 0]))
    scores = scorer.scores(np.array([0, 1, 2]), np.array([0, 1]))
    assert scores.tolist() == [[UNKNOWN_USER_SCORE] * 2, [8.0, 18.0], [3.0, 7.0]]
    assert np.isfinite(scores).all()


def test_refuses_tables_that_do_not_fit():
    with pytest.raises(ValueError, match="must share F"):
        FactorScorer(USERS, np.zeros((2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match=r"must have shape \(U, I\), got \(3,\)"):
        DenseScorer(np.zeros(3, dtype=np.float32))
