"""Values per user by hand, at several list lengths."""

from __future__ import annotations

from math import log2

import numpy as np

from evaluation.scorer import DenseScorer
from evaluation.user_side import evaluate_users
from tests.evaluation.worlds import by_hand


def test_values_by_hand():
    """Everybody's list is 7, 6, 5, 4; truth: user 0 has 6 and 7, user 2 has 6, user 3 has 7."""
    downwards = DenseScorer(np.tile(np.arange(8, dtype=np.float32), (4, 1)))
    side = evaluate_users(downwards, by_hand(), setting="cold", cutoffs=(1, 2))["B"]
    assert side.users.tolist() == [0, 2, 3]
    np.testing.assert_allclose(side.values["recall", 1], [1 / 2, 0, 1])
    np.testing.assert_allclose(side.values["recall", 2], [2 / 2, 1, 1])
    np.testing.assert_allclose(side.values["precision", 2], [2 / 2, 1 / 2, 1 / 2])
    np.testing.assert_allclose(side.values["mrr", 2], [1, 1 / 2, 1])
    np.testing.assert_allclose(side.values["ndcg", 2], [1, (1 / log2(3)) / (1 / log2(2)), 1])
    np.testing.assert_allclose(side.values["hit_rate", 1], [1, 0, 1])
