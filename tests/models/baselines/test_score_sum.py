"""Scores brought to one spread and added, with weights that climb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.baselines.score_sum import WeightedSum, Written, ZScored, climbed

USERS, ITEMS = 12, 9


@dataclass(frozen=True)
class Table:
    """Scores as written."""

    values: NDArray[np.float32]

    def scores(self, user_index: NDArray[np.int64], item_index: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.values[np.ix_(user_index, item_index)]


def guesses(seed: int) -> Table:
    return Table(np.random.default_rng(seed).standard_normal((USERS, ITEMS)).astype(np.float32))


TABLE = np.array([[1.0, 3.0, 100.0], [5.0, 5.0, 5.0]], dtype=np.float32)


def test_users_are_brought_to_one_spread_over_the_given_items() -> None:
    found = ZScored.over_items(Table(TABLE), np.array([0, 1]), n_users=2)
    assert found.scores(np.array([0]), np.arange(3)).tolist() == [[-1.0, 1.0, 98.0]]
    assert found.scores(np.array([1]), np.arange(3)).tolist() == [[0.0, 0.0, 0.0]]


def test_items_are_brought_to_one_spread_over_all_users() -> None:
    found = ZScored.over_users(Table(TABLE), n_users=2, n_items=3)
    assert found.scores(np.arange(2), np.array([2, 0])).tolist() == [[1.0, -1.0], [-1.0, 1.0]]


def test_a_pair_has_the_same_score_in_any_block() -> None:
    scorer = ZScored.over_users(guesses(0), n_users=USERS, n_items=ITEMS)
    whole = WeightedSum([scorer, guesses(1)], [0.5, 2.0]).scores(np.arange(USERS), np.arange(ITEMS))
    part = WeightedSum([scorer, guesses(1)], [0.5, 2.0]).scores(np.array([3]), np.array([7, 2]))
    assert np.array_equal(part, whole[3:4, [7, 2]])
    assert whole.dtype == np.float32


def test_weights_climb_to_the_best_of_the_grid() -> None:
    def value(weights: Sequence[float]) -> float:
        return -abs(weights[0] - 4.0) - abs(weights[1])

    assert climbed([1.0, 1.0], value) == [4.0, 0.0]
    assert climbed([1.0], lambda weights: -weights[0]) == [0.25]  # never nothing at all


def test_what_is_written_out_answers_as_the_model_does() -> None:
    items = np.array([1, 4, 8])
    written = Written.of(guesses(0), items, n_users=USERS)
    asked = (np.array([5, 2]), np.array([8, 1]))
    assert np.array_equal(written.scores(*asked), guesses(0).scores(*asked))
