"""Likelihood and calibration against sums written out."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from evaluation import distribution
from evaluation.distribution import evaluate_distribution
from evaluation.scorer import DenseScorer
from tests.evaluation.worlds import by_hand, topic_world


def log_table(probabilities):
    """The same distribution over users for each of eight items."""
    return DenseScorer(np.log(np.tile(np.array(probabilities)[:, None], (1, 8))).astype(np.float32))


def test_likelihood_by_hand():
    """Truth: item 4 has users 0 and 1, item 5 user 2, item 6 users 0 and 2, item 7 users 0 and 3."""
    side = evaluate_distribution(log_table([1 / 2, 1 / 4, 1 / 8, 1 / 8]), by_hand())
    expected = [(log(1 / 2) + log(1 / 4)) / 2, log(1 / 8), (log(1 / 2) + log(1 / 8)) / 2]
    np.testing.assert_allclose(side.log_likelihood, [*expected, expected[-1]], rtol=1e-6)
    np.testing.assert_allclose(side.over_uniform, side.log_likelihood + log(4), rtol=1e-6)


def test_degree_prior_by_hand():
    """Degrees 2, 1, 2, 1: the prior is 3/10, 2/10, 3/10, 2/10, and beats itself by nothing."""
    side = evaluate_distribution(log_table([3 / 10, 2 / 10, 3 / 10, 2 / 10]), by_hand())
    np.testing.assert_allclose(side.over_degree_prior, 0, atol=1e-6)


def test_phases():
    side = evaluate_distribution(log_table([1 / 4] * 4), by_hand(), phase="test")
    assert side.items.tolist() == [6, 7]
    np.testing.assert_allclose(side.over_uniform, 0, atol=1e-6)


def test_calibration_by_hand():
    """All cells predict 1/4; each item's observed mass is 1: one bin, nothing misplaced."""
    curve = evaluate_distribution(log_table([1 / 4] * 4), by_hand()).reliability
    np.testing.assert_allclose(
        [curve.predicted, curve.observed, curve.mass], [[1 / 4], [1 / 4], [1]], rtol=1e-6
    )
    assert curve.ece == pytest.approx(0, abs=1e-6)


def test_misplaced_mass_by_hand():
    """User 3 gets .94 and has 1/2 of one item of four: .94 - 1/8 too much there, and missing elsewhere."""
    curve = evaluate_distribution(log_table([0.02, 0.02, 0.02, 0.94]), by_hand()).reliability
    np.testing.assert_allclose(curve.predicted, [0.02, 0.94], rtol=1e-5)
    np.testing.assert_allclose(curve.observed, [(1 - 1 / 8) / 3, 1 / 8], rtol=1e-6)
    assert curve.ece == pytest.approx(2 * (0.94 - 1 / 8), rel=1e-5)


def test_blocks_change_nothing(monkeypatch):
    data = topic_world().data
    logits = np.random.default_rng(0).normal(size=(data.n_users, data.n_items))
    scorer = DenseScorer((logits - np.log(np.exp(logits).sum(axis=0))).astype(np.float32))
    whole = evaluate_distribution(scorer, data)
    monkeypatch.setattr(distribution, "BLOCK_CELLS", 1000)
    parts = evaluate_distribution(scorer, data)
    np.testing.assert_allclose(whole.log_likelihood, parts.log_likelihood)
    np.testing.assert_allclose(whole.reliability.observed, parts.reliability.observed)
    assert whole.reliability.mass.sum() == pytest.approx(1)


def test_the_truth_as_probabilities_beats_every_prior_and_is_calibrated():
    data = topic_world().data
    observed = np.full((data.n_users, data.n_items), 1e-9)
    for pairs in (data.cold_validation, data.cold_test):
        observed[pairs[:, 0], pairs[:, 1]] = 1.0
    side = evaluate_distribution(
        DenseScorer(np.log(observed / observed.sum(axis=0)).astype(np.float32)), data
    )
    assert side.over_uniform.min() > 1
    assert side.over_degree_prior.min() > 1
    assert side.reliability.ece < 1e-3


def test_refuses_scores_that_are_no_log_probabilities():
    with pytest.raises(ValueError, match=r"4 items have probabilities that do not sum to 1 \(first: item 4"):
        evaluate_distribution(DenseScorer(np.zeros((4, 8), dtype=np.float32)), by_hand())
