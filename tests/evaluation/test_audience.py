"""Audiences by hand: four users, cold items 4-7 (see worlds.by_hand)."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest

from evaluation import audience
from evaluation.audience import concentration, evaluate_audience, rank_users_for_items
from evaluation.honesty import oracle
from evaluation.scorer import DenseScorer
from tests.evaluation.worlds import by_hand, pairs, topic_world

# Each item's users by falling score: always 3, 2, 1, 0.
LATE_USERS_FIRST = DenseScorer(np.tile(np.arange(4, dtype=np.float32)[:, None], (1, 8)))


def test_values_by_hand():
    """Truth: item 4 has users 0 and 1, 5 user 2, 6 users 0 and 2, 7 users 0 and 3; all audiences: 3, 2."""
    both = evaluate_audience(LATE_USERS_FIRST, by_hand(), cutoffs=(2,))["both"]
    assert both.items.tolist() == [4, 5, 6, 7]
    g1, g2 = 1 / log2(2), 1 / log2(3)
    np.testing.assert_allclose(both.values["precision", 2], [0 / 2, 1 / 2, 1 / 2, 1 / 2])
    np.testing.assert_allclose(both.values["recall", 2], [0 / 2, 1 / 1, 1 / 2, 1 / 2])
    np.testing.assert_allclose(
        both.values["ndcg", 2], [0, g2 / g1, g2 / (g1 + g2), g1 / (g1 + g2)], rtol=1e-12
    )
    assert both.true_pairs[2].mean() == pytest.approx(3 / 8)


def test_concentration_by_hand():
    both = evaluate_audience(LATE_USERS_FIRST, by_hand(), cutoffs=(2,))["both"]
    assert both.concentration[2].share_chosen == 2 / 4
    assert both.concentration[2].gini == pytest.approx(1 / 2)  # 0, 0, 4, 4 choices


def test_phases_split_the_items():
    sides = evaluate_audience(LATE_USERS_FIRST, by_hand(), cutoffs=(2,))
    assert sides["validation"].items.tolist() == [4, 5]
    assert sides["test"].items.tolist() == [6, 7]
    np.testing.assert_array_equal(
        np.concatenate([sides["validation"].values["recall", 2], sides["test"].values["recall", 2]]),
        sides["both"].values["recall", 2],
    )


def test_an_item_without_truth_counts_in_the_share_of_pairs_alone():
    data = replace(by_hand(), cold_test=pairs([(0, 6), (3, 6)]))
    test = evaluate_audience(LATE_USERS_FIRST, data, cutoffs=(2,))["test"]
    assert test.items.tolist() == [6]
    assert test.values["precision", 2].tolist() == [1 / 2]
    assert test.true_pairs[2].mean() == 1 / 4


def test_audiences_larger_than_the_users_are_padded():
    chosen = rank_users_for_items(LATE_USERS_FIRST, np.array([4]), n_users=4, k=6)
    assert chosen.tolist() == [[3, 2, 1, 0, -1, -1]]
    side = evaluate_audience(LATE_USERS_FIRST, by_hand(), cutoffs=(6,))["both"]
    np.testing.assert_allclose(side.values["recall", 6], 1)
    np.testing.assert_allclose(side.values["precision", 6], [2 / 6, 1 / 6, 2 / 6, 2 / 6])


def test_oracle_finds_every_user():
    data = topic_world().data
    truth = np.concatenate([data.cold_validation, data.cold_test])
    side = evaluate_audience(oracle(truth, n_users=data.n_users, n_items=data.n_items), data)["both"]
    np.testing.assert_allclose(side.values["ndcg", 20], 1)
    np.testing.assert_allclose(side.values["recall", 100], 1)


def test_blocks_change_nothing(monkeypatch):
    data = topic_world().data
    table = np.random.default_rng(0).integers(0, 4, (data.n_users, data.n_items)).astype(np.float32)
    whole = rank_users_for_items(DenseScorer(table), data.cold_items, n_users=data.n_users, k=9)
    monkeypatch.setattr(audience, "BLOCK_CELLS", 700)
    np.testing.assert_array_equal(
        whole, rank_users_for_items(DenseScorer(table), data.cold_items, n_users=data.n_users, k=9)
    )


@pytest.mark.parametrize(
    ("chosen", "gini", "share"),
    [
        ([0, 1, 2, 3], 0, 4 / 4),
        ([0, 0, 0, 0], 3 / 4, 1 / 4),
        ([0, 0, 0, 1], 5 / 8, 2 / 4),
        ([[0, -1], [1, -1]], 1 / 2, 2 / 4),
    ],
)
def test_gini_by_hand(chosen, gini, share):
    spread = concentration(np.array(chosen), n_users=4)
    assert spread.gini == pytest.approx(gini)
    assert spread.share_chosen == share


def test_refusals():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        rank_users_for_items(LATE_USERS_FIRST, np.array([4]), n_users=4, k=0)
    with pytest.raises(ValueError, match="chosen names no user"):
        concentration(np.array([-1]), n_users=4)
