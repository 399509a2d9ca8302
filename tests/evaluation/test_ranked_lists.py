"""Kept lists say what the scorer said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.judgement import judge_scores
from evaluation.ranked_lists import RankedLists, judgement_of, rank_everything
from evaluation.scorer import DenseScorer
from tests.evaluation.worlds import by_hand, topic_world

DATA = topic_world(n_users=60, n_items=80).data


@pytest.fixture(scope="module")
def scorer():
    # few distinct scores: ties everywhere
    return DenseScorer(
        np.random.default_rng(0).integers(0, 4, (DATA.n_users, DATA.n_items)).astype(np.float32)
    )


@pytest.fixture(scope="module")
def lists(scorer):
    return rank_everything(scorer, DATA)


def test_the_judgement_of_the_lists_is_that_of_the_scorer(scorer, lists):
    direct = judge_scores(scorer, DATA, phases=("validation", "test"))
    again = judgement_of(lists, DATA)
    assert set(again.users) == set(direct.users)
    for key, side in direct.users.items():
        assert again.users[key].users.tolist() == side.users.tolist()
        for metric, values in side.values.items():
            assert np.array_equal(again.users[key].values[metric], values), (key, metric)
    for phase, side in direct.audience.items():
        assert again.audience[phase].concentration == side.concentration
        for metric, values in side.values.items():
            assert np.array_equal(again.audience[phase].values[metric], values), (phase, metric)


@pytest.mark.parametrize("longest", [65535, 5])
def test_lists_come_back_from_the_file(lists, tmp_path, monkeypatch, longest):
    """In 16 bits, and in 32 where an index is too large for them; padding stays padding."""
    monkeypatch.setattr("evaluation.ranked_lists.LONGEST_SHORT", longest)
    lists.save(tmp_path / "a.npz")
    again = RankedLists.load(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert {arrays[name].dtype for name in arrays} == {np.dtype(np.uint16 if longest > 5 else np.int32)}
    assert set(again.users) == set(lists.users)
    assert all(np.array_equal(again.users[key], items) for key, items in lists.users.items())
    assert np.array_equal(again.audiences, lists.audiences)
    assert (again.users["cold", "test", "B"] == -1).any()  # 20 candidates for 50 places
    one = RankedLists.load_one(tmp_path / "a.npz", ("cold", "test", "B"))
    assert np.array_equal(one, lists.users["cold", "test", "B"])


def test_lists_of_another_split_are_refused(lists):
    with pytest.raises(ValueError, match="they are of another split"):
        judgement_of(lists, by_hand())


def test_without_cold_truth_there_is_no_audience_side(tmp_path):
    none = np.empty((0, 2), dtype=np.int64)
    data = replace(by_hand(), cold_validation=none, cold_test=none)
    lists = rank_everything(DenseScorer(np.ones((4, 8), dtype=np.float32)), data)
    assert lists.audiences is None
    assert {setting for setting, _, _ in lists.users} == {"warm"}
    lists.save(tmp_path / "a.npz")
    assert RankedLists.load(tmp_path / "a.npz").audiences is None
    assert RankedLists.load_one(tmp_path / "a.npz", ("cold", "test", "B")) is None
    assert judgement_of(lists, data).audience == {}
