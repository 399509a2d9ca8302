"""Cold and warm items in one list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from assets.calibrating import (
    LENGTH,
    TEXT_WEIGHTS,
    Blend,
    Lists,
    best_blend,
    best_text_weight,
    blended,
    cold_share,
    common_level,
    worth,
)
from data.interactions import Interactions
from evaluation.evaluation_input import EvaluationInput
from models.coldstart.published_space import PublishedSpace


def lists(scores: list[list[float]], hits: list[list[int]], n_true: list[int]) -> Lists:
    """Lists filled up to their length with ever worse misses; a user's level is the last score."""
    rows = [row + [row[-1] - 0.01 * step for step in range(1, LENGTH - len(row) + 1)] for row in scores]
    found = [row + [0] * (LENGTH - len(row)) for row in hits]
    filled = np.array(rows)
    return Lists(filled, np.array(found, dtype=bool), np.array(n_true), filled[:, -1])


def merged_hits(warm: Lists, cold: Lists, scores: np.ndarray) -> int:
    hits = np.concatenate([warm.hits, cold.hits], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
    return int(np.take_along_axis(hits, order, axis=1).sum())


def test_cold_items_on_another_scale_find_their_place() -> None:
    warm = lists([[10.0, 9.0, 2.0], [12.0, 8.0, 1.0]], [[1, 1, 0], [1, 0, 0]], [2, 1])
    cold = lists([[-900.0, -950.0, -1000.0], [-910.0, -940.0, -990.0]], [[1, 0, 0], [1, 0, 0]], [1, 1])
    blend = best_blend(warm, cold, cold_share=0.5)
    assert blend.scale > 0
    assert merged_hits(warm, cold, blended(warm, cold, blend)) == 5
    as_they_come = np.concatenate([warm.scores, cold.scores], axis=1)
    assert merged_hits(warm, cold, as_they_come) == 3  # no cold item is shown


def test_a_user_whose_scores_all_stand_higher_is_shown_no_fewer_cold_items() -> None:
    """Two users alike but for a constant: one offset for both would show the second no cold item."""
    warm = lists([[10.0, 9.0], [110.0, 109.0]], [[0, 0], [0, 0]], [0, 0])
    cold = lists([[5.0, 4.0], [5.0, 4.0]], [[1, 1], [1, 1]], [2, 2])
    blend = best_blend(warm, cold, cold_share=0.5)
    assert merged_hits(warm, cold, blended(warm, cold, blend)) == 4


def test_levels_meet_where_nothing_is_shifted() -> None:
    warm = Lists(np.array([[3.0]]), np.array([[False]]), np.array([0]), np.array([2.0]))
    cold = Lists(np.array([[9.0]]), np.array([[True]]), np.array([1]), np.array([7.0]))
    assert blended(warm, cold, Blend(0.5, 0.25)).tolist() == [[3.0, 0.5 * 9.0 + 2.0 - 0.5 * 7.0 + 0.25]]


def test_where_cold_items_are_never_right_they_go_below() -> None:
    warm = lists([[10.0, 9.0, 8.0]], [[1, 1, 1]], [3])
    cold = lists([[30.0, 20.0, 10.0]], [[0, 0, 0]], [0])
    top = np.argsort(-blended(warm, cold, best_blend(warm, cold, cold_share=0.5))[0])[:3]
    assert top.tolist() == [0, 1, 2]


def test_lists_that_show_everything_anyway_stay_as_they_come() -> None:
    warm = lists([[1.0]], [[1]], [1])
    short = warm.scores.copy()
    short[:, 3:] = -np.inf
    assert best_blend(warm._replace(scores=short), warm, cold_share=0.5) == Blend(1.0, 0.0)


def test_a_common_level_is_the_mean_of_the_20th_scores_of_full_lists() -> None:
    warm = lists([[3.0], [5.0], [9.0]], [[0], [0], [0]], [0, 0, 0])
    cold = lists([[1.0], [2.0], [4.0]], [[0], [0], [0]], [0, 0, 0])
    short = cold.scores.copy()
    short[2, -1] = -np.inf  # not full, so neither of the third user's lists counts
    first, second = common_level(warm, cold._replace(scores=short))
    np.testing.assert_allclose(first.levels, warm.scores[:2, -1].mean())
    np.testing.assert_allclose(second.levels, cold.scores[:2, -1].mean())
    assert len(first.levels) == len(second.levels) == 3


def test_the_less_new_items_are_taken_the_lower_they_enter() -> None:
    """Both users' warm list is right at its top, and so is their cold one: who comes first hangs on the share."""
    warm = lists([[10.0, 9.0], [10.0, 9.0]], [[1, 0], [1, 0]], [1, 1])
    cold = lists([[10.0, 9.0], [10.0, 9.0]], [[1, 0], [1, 0]], [1, 1])

    def first_is_cold(share: float) -> bool:
        scores = blended(warm, cold, best_blend(warm, cold, cold_share=share))[0]
        return int(np.argmax(scores)) >= LENGTH

    assert first_is_cold(0.9)
    assert not first_is_cold(0.1)


def test_a_user_without_held_out_pairs_of_a_kind_says_nothing_about_it() -> None:
    """The first user's true item is warm and shown first, the second one's cold and shown second."""
    warm = lists([[10.0, 9.0], [10.0, 2.0]], [[1, 0], [0, 0]], [1, 0])
    cold = lists([[5.0, 4.0], [5.0, 4.0]], [[0, 0], [1, 0]], [0, 1])
    as_they_are = Blend(1.0, 0.0)
    level = cold._replace(levels=warm.levels)  # the levels are equal, so nothing is shifted
    assert worth(warm, level, as_they_are, 0.25) == pytest.approx(0.75 * 1 + 0.25 / np.log2(3))


@dataclass(frozen=True)
class HeldOut:
    warm_validation: np.ndarray
    cold_validation: np.ndarray


def test_the_share_is_that_of_live_traffic_where_there_are_times_and_that_of_the_pairs_where_there_are_none() -> (
    None
):
    data = HeldOut(np.zeros((3, 2)), np.zeros((1, 2)))
    pairs = np.array([[0, 0], [1, 1], [2, 0], [0, 2]])
    days = np.array([1, 2, 20, 20]) * 24 * 3600
    timed = Interactions(pairs, days, np.ones(4, dtype=np.float32), 3, 3)
    untimed = Interactions(pairs, np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.float32), 3, 3)
    live = SimpleNamespace(protocol="live")
    # item 2 is new, item 0 is not: (1 + 1) / (2 + 2)
    assert cold_share(SimpleNamespace(interactions=timed, split=live), data, days=7) == 0.5
    assert cold_share(SimpleNamespace(interactions=untimed, split=live), data, days=7) == 0.25


def test_of_a_split_by_time_the_test_pairs_have_no_say() -> None:
    pairs = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 2]])
    days = np.array([1, 20, 20, 20, 40]) * 24 * 3600
    timed = Interactions(pairs, days, np.ones(5, dtype=np.float32), 3, 3)
    test = SimpleNamespace(warm=np.empty((0, 2), dtype=np.int64), cold=np.array([[2, 2]]))
    found = SimpleNamespace(interactions=timed, split=SimpleNamespace(protocol="time", test=test), n_items=3)
    data = HeldOut(np.zeros((3, 2)), np.zeros((1, 2)))
    assert cold_share(found, data, days=7) == pytest.approx((2 + 1) / (3 + 2))  # of the days up to 20


def test_the_weight_of_the_text_is_the_one_that_ranks_cold_validation_items_best() -> None:
    """Of 40 cold items, four are true, one a part; each stands above its decoys only if the text counts 6 or more."""
    users = np.array([[1.0, 1.0]], dtype=np.float32)
    space = replace(PublishedSpace.of_vectors(users, users, np.array([40])), collaborative_size=1)
    rows = np.zeros((40, 2), dtype=np.float32)
    rows[:4, 1] = 1.0
    rows[4:24, 0] = 4.0  # the collaborative part's wish
    rows[24:, 0] = -1.0
    data = EvaluationInput(
        train=np.array([[0, 40]]),
        warm_validation=np.empty((0, 2), dtype=np.int64),
        warm_test=np.empty((0, 2), dtype=np.int64),
        cold_validation=np.array([[0, 0], [0, 1], [0, 2], [0, 3]]),
        cold_test=np.empty((0, 2), dtype=np.int64),
        warm_items=np.array([40]),
        cold_validation_items=np.arange(40),
        cold_test_items=np.empty(0, dtype=np.int64),
        n_users=1,
        n_items=41,
    )
    assert best_text_weight(space, rows, data) == 6.0
    rows[4:24, 0] = 0.5
    assert best_text_weight(space, rows, data) == TEXT_WEIGHTS[0]  # of equals the usual one


def test_without_cold_validation_pairs_the_usual_weight_stays() -> None:
    none = SimpleNamespace(cold_validation=np.empty((0, 2)))
    assert best_text_weight(None, np.zeros((1, 2)), none) == TEXT_WEIGHTS[0]  # type: ignore[arg-type]
