"""Scores brought to one spread and added, with weights that validation picks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assets.benchmark import ensemble
from assets.benchmark.ensemble import WeightedSum, ZScored, climbed
from assets.benchmark.inputs import Inputs
from data.snapshot import Snapshot
from evaluation.scorer import DenseScorer
from tests.assets.benchmark.worlds import ITEMS, LANGUAGE_MODEL, USERS, Guesses, keep_features

TABLE = np.array([[1.0, 3.0, 100.0], [5.0, 5.0, 5.0]], dtype=np.float32)


def test_users_are_brought_to_one_spread_over_the_given_items() -> None:
    found = ZScored.over_items(DenseScorer(TABLE), np.array([0, 1]), n_users=2)
    assert found.scores(np.array([0]), np.arange(3)).tolist() == [[-1.0, 1.0, 98.0]]
    assert found.scores(np.array([1]), np.arange(3)).tolist() == [[0.0, 0.0, 0.0]]


def test_items_are_brought_to_one_spread_over_all_users() -> None:
    found = ZScored.over_users(DenseScorer(TABLE), n_users=2, n_items=3)
    assert found.scores(np.arange(2), np.array([2, 0])).tolist() == [[1.0, -1.0], [-1.0, 1.0]]


def test_a_pair_has_the_same_score_in_any_block() -> None:
    scorer = ZScored.over_users(Guesses(0), n_users=USERS, n_items=ITEMS)
    whole = WeightedSum([scorer, Guesses(1)], [0.5, 2.0]).scores(np.arange(USERS), np.arange(ITEMS))
    part = WeightedSum([scorer, Guesses(1)], [0.5, 2.0]).scores(np.array([3]), np.array([7, 2]))
    assert np.array_equal(part, whole[3:4, [7, 2]])
    assert whole.dtype == np.float32


def test_weights_climb_to_the_best_of_the_grid() -> None:
    def value(weights: Sequence[float]) -> float:
        return -abs(weights[0] - 4.0) - abs(weights[1])

    assert climbed([1.0, 1.0], value) == [4.0, 0.0]
    assert climbed([1.0], lambda weights: -weights[0]) == [0.25]  # never nothing at all


def test_the_ensemble_is_judged_on_both_sides(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_features(tmp_path, snapshot.content_hash)
    inputs = Inputs(snapshot, tmp_path / "cache", language_model=LANGUAGE_MODEL)
    monkeypatch.setattr(ensemble, "_direct", lambda inputs, seed: Guesses(seed))
    (one,) = ensemble.ENTRIES
    (found,) = one.build(inputs, 42)
    assert found.model == "ensemble"
    for scorer in (found.scorer, found.audience):
        scores = scorer.scores(np.arange(USERS), np.arange(ITEMS))
        assert scores.shape == (USERS, ITEMS)
        assert np.isfinite(scores).all()
