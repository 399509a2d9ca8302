"""Counts by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from models.baselines import popularity

TRAIN = np.array([[0, 0], [0, 1], [1, 0]])


def test_scores_by_hand():
    """Users have degrees 2, 1, 0 (weights 3, 2, 1 of 6), items 2, 1, 0 readers."""
    scores = popularity.fit(TRAIN, n_users=3, n_items=3).scores(np.arange(3), np.arange(3))
    activity, readers = [log(3 / 6), log(2 / 6), log(1 / 6)], [log(3), log(2), log(1)]
    np.testing.assert_allclose(scores, np.add.outer(activity, readers), rtol=1e-6)


def test_cold_scores_are_the_degree_prior():
    cold = popularity.fit(TRAIN, n_users=3, n_items=3).scores(np.arange(3), np.array([2]))
    assert np.exp(cold).sum() == pytest.approx(1)


def test_refuses_indices_out_of_range():
    with pytest.raises(ValueError, match=r"users in \[0, 1\) and items in \[0, 3\)"):
        popularity.fit(TRAIN, n_users=1, n_items=3)
    with pytest.raises(ValueError, match=r"shape \(N, 2\), got \(3,\)"):
        popularity.fit(np.arange(3), n_users=1, n_items=3)
