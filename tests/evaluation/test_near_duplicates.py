"""Near-duplicates are found where they were planted, and only the truth changes."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.evaluation_input import EvaluationInput
from evaluation.near_duplicates import (
    DuplicateFigure,
    duplicate_figures,
    duplicates_table,
    nearest_warm,
    rejudged,
    without_truth,
)
from evaluation.ranked_lists import ListKey, rank_everything, user_side_of
from evaluation.scorer import FactorScorer
from tests.evaluation.worlds import by_hand, topic_world

KEY: ListKey = ("cold", "test", "B")


def unit_rows(rows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def planted() -> tuple[EvaluationInput, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """A world whose first five cold test items are copies of warm ones; its directions and the copies."""
    world = topic_world()
    rng = np.random.default_rng(0)
    directions = unit_rows(rng.standard_normal((world.data.n_items, 64)))
    copies = world.data.cold_test_items[:5]
    directions[copies] = unit_rows(directions[:5] + 0.02 * rng.standard_normal((5, 64)))
    return world.data, directions, copies


def test_planted_copies_are_found_and_nothing_else() -> None:
    data, directions, copies = planted()
    nearest = nearest_warm(directions, cold=data.cold_items, warm=data.warm_items)
    assert data.cold_items[nearest > 0.9].tolist() == copies.tolist()
    dense = (directions[data.cold_items] @ directions[data.warm_items].T).max(axis=1)
    np.testing.assert_allclose(nearest, dense, rtol=1e-6)


def test_a_model_that_knows_only_the_copies_has_nothing_without_them() -> None:
    data, directions, copies = planted()
    nearest = nearest_warm(directions, cold=data.cold_items, warm=data.warm_items)
    users = np.zeros((data.n_users, data.n_items), dtype=np.float32)
    known = data.cold_test[np.isin(data.cold_test[:, 1], copies)]
    users[tuple(known.T)] = 1
    table = users.copy()  # all other items tie below
    lists = rank_everything(FactorScorer(table, np.eye(data.n_items, dtype=np.float32)), data).users[KEY]
    figures = duplicate_figures(lists, data, nearest, key=KEY, model="m", seed=42)
    recall = {figure.threshold: figure for figure in figures if figure.metric == "recall"}
    assert recall[None].items == recall[0.9].items + len(np.unique(known[:, 1]))
    chance = 20 / len(data.cold_items)
    assert recall[None].value > recall[0.9].value
    assert recall[0.9].value == pytest.approx(chance, abs=0.07)


def test_with_nothing_left_out_the_figures_are_the_benchmarks() -> None:
    data = topic_world().data
    rng = np.random.default_rng(1)
    scorer = FactorScorer(
        *(rng.standard_normal((n, 4)).astype(np.float32) for n in (data.n_users, data.n_items))
    )
    lists = rank_everything(scorer, data).users[KEY]
    again = rejudged(lists, data, key=KEY, left_out=np.array([], dtype=np.int64))
    side = user_side_of(lists, data, key=KEY)
    assert again is not None
    assert again.users.tolist() == side.users.tolist()
    for metric in ("recall", "ndcg"):
        np.testing.assert_array_equal(again.values[metric, 20], side.values[metric, 20])


def test_by_hand() -> None:
    data = by_hand()  # cold test pairs (0, 6), (0, 7), (2, 6), (3, 7)
    lists = np.full((3, 50), -1)
    lists[:, :2] = [[6, 4], [4, 6], [7, 6]]  # of users 0, 2 and 3
    side = rejudged(lists, data, key=KEY, left_out=np.array([6]))
    assert side is not None
    assert side.users.tolist() == [0, 3]  # user 2 has no truth left
    assert side.values["recall", 20].tolist() == [0, 1]
    fewer = without_truth(data, np.array([6]))
    assert fewer.cold_items.tolist() == data.cold_items.tolist()  # still a candidate
    assert rejudged(lists, data, key=KEY, left_out=np.array([6, 7])) is None


def test_lists_of_other_questions_are_refused() -> None:
    lists = np.full((3, 50), -1)
    none = np.array([], dtype=np.int64)
    with pytest.raises(ValueError, match="only cold lists under evaluator B"):
        rejudged(lists, by_hand(), key=("cold", "test", "A"), left_out=none)
    with pytest.raises(ValueError, match="lists must be of 3 users, got 2"):
        rejudged(lists[:2], by_hand(), key=KEY, left_out=none)
    with pytest.raises(ValueError, match="warm holds no item"):
        nearest_warm(np.eye(2, dtype=np.float32), cold=np.array([0]), warm=none)


def test_the_table_has_all_models_with_and_without() -> None:
    figures = [
        DuplicateFigure("a", seed, threshold, metric, value + seed / 100, 30, items)
        for seed in (1, 2)
        for threshold, value, items in ((None, 0.3, 100), (0.9, 0.2, 90), (0.8, 0.1, 70))
        for metric in ("recall", "ndcg")
    ]
    table = duplicates_table(
        [*figures, DuplicateFigure("b", 1, None, "recall", 0.5, 30, 100)], ["b", "a", "c"]
    )
    assert table is not None
    assert [name for name, _ in table.lines] == ["b", "a"]
    assert table.columns[:3] == ["all Recall@20", "all NDCG@20", "without > 0.9 Recall@20"]
    assert [cell.value for cell in table.lines[0][1]] == ["0.500", *["–"] * 5]
    assert table.lines[1][1][2].value == "0.215"
    assert table.lines[0][1][0].best
    assert not table.lines[1][1][0].best
    assert "without > 0.8: 70 items, 30 users" in table.caption
    assert duplicates_table([], ["a"]) is None
