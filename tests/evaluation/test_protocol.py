"""Evaluators A and B on a world small enough for paper; blocks and ties change only what they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation import protocol
from evaluation.honesty import renumber_users
from evaluation.protocol import rank_by_evaluator, rank_for_users, ranking_task
from evaluation.scorer import DenseScorer
from tests.evaluation.worlds import by_hand, topic_world

# Every user likes items by falling number: 7 first, 0 last.
DOWNWARDS = DenseScorer(np.tile(np.arange(8, dtype=np.float32), (4, 1)))


def test_cold_lists_by_hand():
    """Candidates are 4-7, nobody has a training pair there: 7, 6, 5, 4 for everybody."""
    ranked = rank_for_users(DOWNWARDS, ranking_task(by_hand(), "cold", phase="test"), k=3)
    assert ranked.users.tolist() == [0, 2, 3]
    assert ranked.items.tolist() == [[7, 6, 5]] * 3
    assert ranked.hits.astype(int).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert ranked.n_true.tolist() == [2, 1, 1]


def test_warm_lists_by_hand_under_b_and_a():
    """User 0 trained on 0 and 1 and has validation item 2; B lists 3, 2 and A only 3."""
    lists = rank_by_evaluator(DOWNWARDS, by_hand(), setting="warm", phase="test", k=3)
    assert lists["B"].users.tolist() == lists["A"].users.tolist() == [0, 1]
    assert lists["B"].items.tolist() == [[3, 2, -1], [3, 2, 0]]
    assert lists["A"].items.tolist() == [[3, -1, -1], [3, 2, 0]]
    assert lists["B"].hits.astype(int).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_cold_lists_under_a_mask_the_other_phases_positives():
    """Users 0 and 1 have validation item 4, user 2 has 5: A takes them out, B leaves them in."""
    upwards = DenseScorer(-DOWNWARDS.table)
    lists = rank_by_evaluator(upwards, by_hand(), setting="cold", phase="test", k=3)
    assert lists["B"].items.tolist() == [[4, 5, 6]] * 3
    assert lists["A"].items.tolist() == [[5, 6, 7], [4, 6, 7], [4, 5, 6]]
    assert lists["A"].hits.astype(int).tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 0]]


def test_overall_lists_mask_warm_and_cold_positives():
    lists = rank_by_evaluator(DOWNWARDS, by_hand(), setting="overall", phase="test", k=8)
    assert lists["B"].items.tolist() == [[7, 6, 5, 4, 3, 2, -1, -1]]
    assert lists["A"].items.tolist() == [[7, 6, 5, 3, -1, -1, -1, -1]]


@pytest.mark.parametrize("setting", ["cold", "warm", "overall"])
@pytest.mark.parametrize("phase", ["validation", "test"])
def test_both_evaluators_at_once_equal_each_alone(setting, phase):
    data = topic_world().data
    rng = np.random.default_rng(1)
    table = rng.integers(0, 12, size=(data.n_users, data.n_items)).astype(np.float32)
    lists = rank_by_evaluator(DenseScorer(table), data, setting=setting, phase=phase, k=15)
    for evaluator, ranked in lists.items():
        task = ranking_task(data, setting, phase=phase, evaluator=evaluator)
        alone = rank_for_users(DenseScorer(table), task, k=15)
        np.testing.assert_array_equal(ranked.items, alone.items)
        np.testing.assert_array_equal(ranked.hits, alone.hits)


def test_blocks_change_nothing(monkeypatch):
    data = topic_world().data
    table = np.random.default_rng(2).integers(0, 5, size=(data.n_users, data.n_items)).astype(np.float32)
    task = ranking_task(data, "overall", phase="test")
    whole = rank_for_users(DenseScorer(table), task, k=10)
    both = rank_by_evaluator(DenseScorer(table), data, setting="overall", phase="test", k=10)
    monkeypatch.setattr(protocol, "BLOCK_CELLS", 1000)
    np.testing.assert_array_equal(whole.items, rank_for_users(DenseScorer(table), task, k=10).items)
    again = rank_by_evaluator(DenseScorer(table), data, setting="overall", phase="test", k=10)
    for evaluator, ranked in both.items():
        np.testing.assert_array_equal(ranked.items, again[evaluator].items)


def test_shorter_lists_are_the_beginning_of_longer_ones_despite_ties():
    data = topic_world().data
    table = np.random.default_rng(3).integers(0, 3, size=(data.n_users, data.n_items)).astype(np.float32)
    task = ranking_task(data, "cold", phase="test")
    longer = rank_for_users(DenseScorer(table), task, k=40)
    np.testing.assert_array_equal(longer.items[:, :7], rank_for_users(DenseScorer(table), task, k=7).items)


def test_no_training_pair_is_ever_listed():
    data = topic_world().data
    table = np.random.default_rng(4).random((data.n_users, data.n_items)).astype(np.float32)
    table[data.train[:, 0], data.train[:, 1]] = 9.0
    ranked = rank_for_users(DenseScorer(table), ranking_task(data, "warm", phase="test"), k=300)
    trained = {tuple(pair) for pair in data.train.tolist()}
    listed = {
        (user, item)
        for user, row in zip(ranked.users.tolist(), ranked.items.tolist(), strict=True)
        for item in row
    }
    assert not trained & listed


@pytest.mark.parametrize("levels", [2, 10**6])
def test_permuting_user_ids_changes_nothing(levels):
    """The same users under other numbers get the same lists, ties included."""
    data = topic_world().data
    rng = np.random.default_rng(5)
    table = rng.integers(0, levels, size=(data.n_users, data.n_items)).astype(np.float32)
    number = rng.permutation(data.n_users)
    names = ("train", "warm_validation", "warm_test", "cold_validation", "cold_test")
    renamed = replace(data, **{name: renumber_users(getattr(data, name), number) for name in names})
    renamed_table = np.empty_like(table)
    renamed_table[number] = table
    before = rank_for_users(DenseScorer(table), ranking_task(data, "overall", phase="test"), k=10)
    after = rank_for_users(DenseScorer(renamed_table), ranking_task(renamed, "overall", phase="test"), k=10)
    place = np.searchsorted(after.users, number[before.users])
    np.testing.assert_array_equal(after.items[place], before.items)
    np.testing.assert_array_equal(after.hits[place], before.hits)


def test_refuses_scores_that_are_not_finite_or_of_the_wrong_shape():
    data = by_hand()
    table = DOWNWARDS.table.copy()
    table[2, 5] = np.nan
    with pytest.raises(ValueError, match="gave nan for user 2 and item 5; scores must be finite"):
        rank_for_users(DenseScorer(table), ranking_task(data, "cold", phase="test"), k=3)

    class Narrow:
        def scores(self, user_index, item_index):
            return np.zeros((len(user_index), 1), dtype=np.float32)

    with pytest.raises(ValueError, match=r"Narrow.scores gave shape \(3, 1\), expected \(3, 4\)"):
        rank_for_users(Narrow(), ranking_task(data, "cold", phase="test"), k=3)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        rank_for_users(DOWNWARDS, ranking_task(data, "cold", phase="test"), k=0)


def test_refuses_a_setting_without_truth():
    data = replace(by_hand(), cold_test=np.empty((0, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="setting 'cold' has 0 test pairs and 4 candidates"):
        ranking_task(data, "cold", phase="test")


def test_a_scorer_may_not_be_changed_by_being_judged():
    table = DOWNWARDS.table.copy()
    rank_for_users(DenseScorer(table), ranking_task(by_hand(), "warm", phase="test"), k=3)
    np.testing.assert_array_equal(table, DOWNWARDS.table)
