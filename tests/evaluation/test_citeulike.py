"""The evaluators on the public CiteULike split: counts of the protocol, golden figures, chance."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.audience import evaluate_audience
from evaluation.evaluation_input import EvaluationInput
from evaluation.honesty import compare_with_chance, shuffle_texts
from evaluation.protocol import rank_by_evaluator, rank_for_users, ranking_task
from evaluation.ranking import ndcg, recall
from models.baselines import chance, popularity, tfidf_profile

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

N_USERS, N_ITEMS = 5551, 16980


@pytest.fixture(scope="module")
def data(shared_data):
    folder = shared_data / "citeulike-a" / "split-seed42"

    def read(name):
        return np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, dtype=np.int64)

    train, validation, test = read("warm_train"), read("cold_item_val"), read("cold_item_test")
    return EvaluationInput(
        train=train,
        warm_validation=read("warm_val"),
        warm_test=read("warm_test"),
        cold_validation=validation,
        cold_test=test,
        warm_items=np.unique(train[:, 1]),
        cold_validation_items=np.unique(validation[:, 1]),
        cold_test_items=np.unique(test[:, 1]),
        n_users=N_USERS,
        n_items=N_ITEMS,
    )


@pytest.fixture(scope="module")
def titles(shared_data):
    text = (shared_data / "citeulike-a" / "titles.txt").read_text(encoding="utf-8")
    return text.split("\n")[:N_ITEMS]


def test_the_protocol_counts_what_the_split_says(data, shared_data):
    assert [len(data.candidates(setting)) for setting in ("cold", "warm", "overall")] == [3396, 13584, 16980]
    users = {s: len(ranking_task(data, s, phase="test").users) for s in ("cold", "warm", "overall")}
    assert users == {"cold": 4846, "warm": 4591, "overall": 4085}
    file = shared_data / "citeulike-a" / "split-seed42" / "overall_test.csv"
    listed = {tuple(pair) for pair in np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64).tolist()}
    assert {tuple(pair) for pair in data.truth("overall", "test").tolist()} == listed


def test_tfidf_profile_reaches_its_golden_figures(data, titles):
    """Recall@20 .2695 and NDCG@20 .1669 under B (.2759 and .1760 under A), made by this very code."""
    model = tfidf_profile.fit(data.train, texts=titles, warm_items=data.warm_items, n_users=N_USERS)
    lists = rank_by_evaluator(model, data, setting="cold", phase="test", k=20)
    found = {
        e: (recall(r.hits, r.n_true, k=20).mean(), ndcg(r.hits, r.n_true, k=20).mean())
        for e, r in lists.items()
    }
    assert found["B"] == pytest.approx((0.2695, 0.1669), abs=0.0015)
    assert found["A"] == pytest.approx((0.2759, 0.1760), abs=0.0015)


def test_shuffled_titles_bring_the_profile_down_to_chance(data, titles):
    shuffled = shuffle_texts(titles, seed=0)
    model = tfidf_profile.fit(data.train, texts=shuffled, warm_items=data.warm_items, n_users=N_USERS)
    ranked = rank_for_users(model, ranking_task(data, "cold", phase="test"), k=20)
    check = compare_with_chance(recall(ranked.hits, ranked.n_true, k=20), k=20, n_candidates=3396)
    assert check.at_chance, check


@pytest.mark.parametrize("model", ["chance", "popularity"])
def test_models_without_a_signal_for_cold_items_are_at_chance(data, model):
    blind = (
        chance.fit(seed=1)
        if model == "chance"
        else popularity.fit(data.train, n_users=N_USERS, n_items=N_ITEMS)
    )
    ranked = rank_for_users(blind, ranking_task(data, "cold", phase="test"), k=20)
    check = compare_with_chance(recall(ranked.hits, ranked.n_true, k=20), k=20, n_candidates=3396)
    assert check.expected == pytest.approx(20 / 3396)
    assert check.at_chance, check


def test_popularity_has_an_audience_above_chance(data):
    model = popularity.fit(data.train, n_users=N_USERS, n_items=N_ITEMS)
    side = evaluate_audience(model, data, cutoffs=(20,))["both"]
    pairs = len(data.cold_validation) + len(data.cold_test)
    assert side.true_pairs[20].mean() > 5 * pairs / (3396 * N_USERS)
    assert side.concentration[20].gini > 0.99
