"""From a snapshot to the judges' arrays."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.judging import (
    PARTS,
    cold_ndcg_by_part,
    cold_value,
    evaluation_input,
    even_sample,
    judge_all,
    validation_task,
    warm_recall,
)
from assets.scorers import DIRECT, PRODUCT, Judged
from evaluation.protocol import rank_for_users
from evaluation.ranking import ndcg
from evaluation.scorer import FactorScorer
from models.collaborative.embeddings import CollaborativeEmbeddings
from tests.assets.versions import snapshot


def test_the_judges_get_the_splits_pairs_and_roles() -> None:
    data = evaluation_input(snapshot())
    split = snapshot().split
    assert data.train is not None
    assert np.array_equal(data.train, split.train)
    assert np.array_equal(data.cold_test, split.test.cold)
    assert np.array_equal(data.warm_validation, split.validation.warm)
    assert data.warm_items.tolist() == [0, 1, 2]
    assert data.cold_validation_items.tolist() == [3, 4]
    assert data.cold_test_items.tolist() == [5, 6]  # n0 has no interactions: nobody can judge it
    assert (data.n_users, data.n_items) == (4, 8)


@pytest.mark.parametrize(("setting", "candidates"), [("warm", [0, 1, 2]), ("cold", [3, 4, 5, 6])])
def test_each_setting_has_its_candidates(setting: str, candidates: list[int]) -> None:
    task = validation_task(snapshot(), setting)  # type: ignore[arg-type]
    assert sorted(task.candidates.tolist()) == candidates


def test_training_stops_on_the_recall_of_warm_validation_pairs() -> None:
    """The only warm validation pair is (ann, w2); with three candidates everything is among the first twenty."""
    index = np.arange(3)
    users, items = np.eye(4, 3, dtype=np.float32), np.eye(3, dtype=np.float32)
    assert warm_recall(snapshot())(CollaborativeEmbeddings(users, items, index)) == 1.0


class Direct:
    """Answers with the vectors that it is given."""

    def __init__(self, users: np.ndarray, items: np.ndarray) -> None:
        self.users, self.items = users, items

    def user_factors(self) -> np.ndarray:
        return self.users

    def relevance_factors(self, texts: list[str]) -> np.ndarray:
        place = {text: item for item, text in enumerate(snapshot().texts[range(8)])}
        return self.items[[place[text] for text in texts]]


def test_a_text_model_is_worth_what_its_lists_and_its_audiences_are() -> None:
    rng = np.random.default_rng(3)
    model = Direct(rng.random((4, 3)).astype(np.float32), rng.random((8, 3)).astype(np.float32))
    judged = judge_all(
        {DIRECT: Judged(FactorScorer(model.users, model.items))},
        evaluation_input(snapshot()),
        report=lambda *_: None,
    )[DIRECT]
    lists = judged.users["cold", "validation", "B"].values["ndcg", 20].mean()
    audiences = judged.audience["validation"].values["ndcg", 20].mean()
    assert lists != pytest.approx(audiences)
    judge = cold_value(snapshot())
    assert judge is not None
    assert judge(model) == pytest.approx(np.sqrt(lists * audiences))


def test_an_even_sample_judges_a_text_model_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an even sample of one the first is left: one user's list and one item's audience, among all."""
    monkeypatch.setattr("assets.judging.MOST", 1)
    rng = np.random.default_rng(3)
    model = Direct(rng.random((4, 3)).astype(np.float32), rng.random((8, 3)).astype(np.float32))
    task = validation_task(snapshot(), "cold")
    scores = model.users @ model.items.T
    user, item = task.users[0], task.truth[:, 1].min()

    def of(scored: np.ndarray, candidates: np.ndarray, true: np.ndarray) -> float:
        order = candidates[np.argsort(-scored[candidates], kind="stable")]
        hits = np.isin(order, true)[None, :]
        return float(ndcg(hits, np.array([len(true)]), k=min(20, len(order)))[0])

    lists = of(scores[user], task.candidates, task.truth[task.truth[:, 0] == user, 1])
    audience = of(scores[:, item], np.arange(4), task.truth[task.truth[:, 1] == item, 0])
    judge = cold_value(snapshot())
    assert judge is not None
    assert judge(model) == pytest.approx(np.sqrt(lists * audience))


def test_without_cold_validation_pairs_nobody_judges_a_text_model() -> None:
    split = SimpleNamespace(validation=SimpleNamespace(cold=np.empty((0, 2), dtype=np.int64)))
    without: Any = SimpleNamespace(split=split)
    assert cold_value(without) is None
    assert cold_ndcg_by_part(without) is None


def test_parts_of_the_validation_items_are_judged_one_by_one() -> None:
    """Each part's value is that of all items' lists with the pairs of that part alone as the truth; all come first."""
    rng = np.random.default_rng(0)
    model = Direct(rng.random((4, 3)).astype(np.float32), rng.random((8, 3)).astype(np.float32))
    by_part = cold_ndcg_by_part(snapshot())
    assert by_part is not None
    found = by_part(model)
    task = validation_task(snapshot(), "cold")
    expected = np.full(PARTS, np.nan)
    for part in range(PARTS):
        truth = task.truth[task.truth[:, 1] % PARTS == part]
        if len(truth):
            alone = replace(task, truth=truth, users=np.unique(truth[:, 0]))
            ranked = rank_for_users(FactorScorer(model.users, model.items), alone, k=20)
            expected[part] = ndcg(ranked.hits, ranked.n_true, k=20).mean()
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(found[1:], expected)
    ranked = rank_for_users(FactorScorer(model.users, model.items), task, k=20)
    assert found[0] == pytest.approx(ndcg(ranked.hits, ranked.n_true, k=20).mean())


def test_a_sample_is_even_and_everybody_where_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.judging.MOST", 3)
    assert even_sample(np.array([2, 5, 9])).tolist() == [2, 5, 9]
    assert even_sample(np.arange(0, 70, 10)).tolist() == [0, 30, 60]
    assert even_sample(np.arange(0)).tolist() == []


def test_all_models_are_judged_ours_on_validation_too() -> None:
    users = np.eye(4, dtype=np.float32)
    logs = np.log(np.full((8, 4), 0.25, dtype=np.float32))
    even = FactorScorer(users, logs)
    told: list[tuple[int, int, str]] = []
    judged = {PRODUCT: Judged(even), DIRECT: Judged(even, even), "other": Judged(even)}
    found = judge_all(judged, evaluation_input(snapshot()), report=lambda *one: told.append(one))
    assert list(found) == [PRODUCT, DIRECT, "other"]
    assert [name for _, _, name in told] == [PRODUCT, DIRECT, "other", ""]
    assert told[-1][:2] == (3, 3)
    assert found[DIRECT].distribution
    assert not found["other"].distribution


def test_an_audience_of_its_own_is_judged_as_such() -> None:
    users = np.eye(4, dtype=np.float32)
    vectors = np.random.default_rng(0).random((8, 4)).astype(np.float32)
    lists, audience = FactorScorer(users, vectors), FactorScorer(users, -vectors)
    data = evaluation_input(snapshot())
    judged = {"both": Judged(lists, audience=audience), "lists": Judged(lists), "audience": Judged(audience)}
    found = judge_all(judged, data, report=lambda *_: None)
    key = ("ndcg", 20)
    assert found["both"].users["cold", "test", "B"].values[key].tolist() == (
        found["lists"].users["cold", "test", "B"].values[key].tolist()
    )
    assert found["both"].audience["both"].values[key].tolist() == (
        found["audience"].audience["both"].values[key].tolist()
    )
    assert found["both"].audience["both"].values[key].tolist() != (
        found["lists"].audience["both"].values[key].tolist()
    )
