"""Titles dealt out anew tell nothing: every model that reads them must fall to chance, and a leak must show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.evaluation_input import EvaluationInput
from evaluation.honesty import ChanceCheck, ceiling, compare_with_chance, oracle, shuffle_texts
from evaluation.protocol import rank_for_users, ranking_task
from evaluation.ranking import METRICS, recall
from evaluation.user_side import evaluate_users

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.timeout(600)]

K = 20
WARM, COLD = 900, 300  # items kept: enough to learn from, few enough to read in seconds
DEALS = 24  # ways to deal the cold titles; each is one draw of what a blind model reaches
BLIND, SEEING = "shuffled", "true"


@dataclass(frozen=True)
class Part:
    """A part of CiteULike.

    Attributes:
        data: Its pairs and items, renumbered.
        titles: One per item.
    """

    data: EvaluationInput
    titles: list[str]


@pytest.fixture(scope="module")
def part(shared_data: Path) -> Part:
    """900 warm and 300 held-out items of the seed-42 split, the most read ones, with everybody who read them."""
    folder = shared_data / "citeulike-a" / "split-seed42"

    def read(name: str) -> Any:
        return np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, dtype=np.int64)

    train, cold = read("warm_train"), read("cold_item_test")
    items = np.concatenate([_most_read(train, WARM), _most_read(cold, COLD)])
    place = np.full(16980, -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    kept = [pairs[place[pairs[:, 1]] >= 0] for pairs in (train, cold)]
    users, index = np.unique(kept[0][:, 0], return_inverse=True)
    kept[1] = kept[1][np.isin(kept[1][:, 0], users)]
    none = np.empty((0, 2), dtype=np.int64)
    data = EvaluationInput(
        train=np.stack([index, place[kept[0][:, 1]]], axis=1),
        warm_validation=none,
        warm_test=none,
        cold_validation=none,
        cold_test=np.stack([np.searchsorted(users, kept[1][:, 0]), place[kept[1][:, 1]]], axis=1),
        warm_items=np.arange(WARM),
        cold_validation_items=np.empty(0, dtype=np.int64),
        cold_test_items=np.arange(WARM, WARM + COLD),
        n_users=len(users),
        n_items=len(items),
    )
    lines = (shared_data / "citeulike-a" / "titles.txt").read_text(encoding="utf-8").split("\n")
    return Part(data, [lines[item] for item in items])


def _most_read(pairs: Any, n: int) -> Any:
    counts = np.bincount(pairs[:, 1], minlength=16980)
    return np.argsort(-counts, kind="stable")[:n]


def cold_recall(scorer: Any, data: EvaluationInput) -> Any:
    """Recall@20 of each user among the held-out items."""
    ranked = rank_for_users(scorer, ranking_task(data, "cold", phase="test"), k=K)
    return recall(ranked.hits, ranked.n_true, k=K)


def over_deals(build: Callable[[Any], Any], data: EvaluationInput) -> ChanceCheck:
    """Mean recalls over many ways to deal out the cold titles, against a random order.

    Args:
        build: Takes the item whose title each item gets, shape (I,), and gives a scorer.
        data: The pairs.
    """
    means = []
    for seed in range(DEALS):
        order = np.arange(data.n_items)
        order[WARM:] = np.random.default_rng(seed).permutation(order[WARM:])
        means.append(float(np.mean(cold_recall(build(order), data))))
    return compare_with_chance(np.array(means), k=K, n_candidates=COLD)


@pytest.fixture(scope="module")
def models(part: Part) -> dict[str, dict[str, tuple[Any, Any]]]:
    """User and item factors of each text model, fitted on true and on shuffled titles."""
    import torch

    from models.baselines import content_knn, ridge, ridge_to_vectors, tfidf_profile
    from models.collaborative.config import BprConfig
    from models.collaborative.fit import fit_bpr
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.fit import fit_filterllm

    torch.set_num_threads(1)
    data = part.data
    space = fit_bpr(
        data.train,
        n_users=data.n_users,
        n_items=data.n_items,
        config=BprConfig(d=32, epochs=5, batch_size=1024),
    )
    config = FilterLLMConfig(lora_epochs=0, epochs=3, mapper_width=128)
    everyone, everything = np.arange(data.n_users), np.arange(data.n_items)
    common: dict[str, Any] = {"warm_items": data.warm_items, "n_users": data.n_users}
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    features = np.empty((0, 0), dtype=np.float32)
    for name in (SEEING, BLIND):
        order = everything if name == SEEING else np.array(shuffle_texts(everything.tolist(), seed=7))
        titles = [part.titles[item] for item in order]
        fitted = fit_filterllm(titles[:WARM], data.train, space, config=config)
        features = fitted.encode(titles) if name == SEEING else features[order]
        scorers: dict[str, Any] = {
            "tfidf": tfidf_profile.fit(data.train, texts=titles, **common),
            "knn": content_knn.fit(data.train, embeddings=features, **common),
            "ridge": ridge.fit(data.train, embeddings=features, **common),
            "ridge_to_vectors": ridge_to_vectors.fit(
                features,
                warm_items=data.warm_items,
                user_vectors=space.users,
                warm_vectors=space.warm_items,
            ),
        }
        found[name] = {one: (scorer.scores(everyone, everything), None) for one, scorer in scorers.items()}
        found[name]["filterllm"] = (fitted.user_factors(), fitted.item_factors(titles))
    return found


def scores_of(model: tuple[Any, Any]) -> Any:
    """The (U, I) table of a model's scores."""
    users, items = model
    return users if items is None else users @ items.T


@dataclass(frozen=True)
class Table:
    """Scores in a table, with the titles dealt out anew."""

    table: Any
    order: Any

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """Scores, shape (b, c), float32."""
        return self.table[np.ix_(user_index, self.order[item_index])].astype(np.float32)


NAMES = ["tfidf", "knn", "ridge", "ridge_to_vectors", "filterllm"]


@pytest.mark.parametrize("name", NAMES)
def test_a_text_model_sees_with_true_titles_and_is_blind_with_shuffled_ones(
    part: Part, models: Any, name: str
) -> None:
    data = part.data
    seeing = Table(scores_of(models[SEEING][name]), np.arange(data.n_items))
    honest = compare_with_chance(cold_recall(seeing, data), k=K, n_candidates=COLD)
    assert not honest.at_chance
    assert honest.value > 2 * honest.expected
    table = scores_of(models[BLIND][name])
    blind = over_deals(lambda order: Table(table, order), data)
    assert blind.expected == K / COLD
    assert blind.at_chance, (name, blind)


def test_a_model_that_kept_one_title_in_ten_is_found(part: Part, models: Any) -> None:
    """The planted fault: the shuffle forgot some items."""
    data, table = part.data, scores_of(models[SEEING]["filterllm"])

    def leaking(order: Any) -> Table:
        kept = np.arange(data.n_items) % 10 == 0
        return Table(table, np.where(kept, np.arange(data.n_items), order))

    leak = over_deals(leaking, data)
    assert not leak.at_chance
    assert leak.value > leak.expected


def test_the_oracle_reaches_the_ceiling_and_one_that_forgot_a_pair_in_twenty_does_not(part: Part) -> None:
    data = part.data
    truth = data.cold_test
    size = {"n_users": data.n_users, "n_items": data.n_items}
    knows = evaluate_users(oracle(truth, **size), data, setting="cold")["B"]
    forgot = evaluate_users(oracle(truth[::20], **size), data, setting="cold")["B"]
    n_true = np.bincount(truth[:, 0], minlength=data.n_users)[knows.users]
    for metric in METRICS:
        for k in (10, 20, 50):
            best = ceiling(metric, n_true, k=k)
            assert knows.values[metric, k].mean() == pytest.approx(best)
            assert forgot.values[metric, k].mean() < best - 0.01


def test_users_in_another_order_have_the_same_figures(part: Part, models: Any) -> None:
    """Same scores, users renumbered; the planted fault renumbers the truth alone."""
    from evaluation.honesty import renumber_users

    data, table = part.data, scores_of(models[SEEING]["ridge"])
    order = np.random.default_rng(0).permutation(data.n_users)
    moved = np.empty_like(table)
    moved[order] = table
    renumbered = replace(
        data,
        train=renumber_users(data.train, order),
        cold_test=renumber_users(data.cold_test, order),
    )
    items = np.arange(data.n_items)
    before = evaluate_users(Table(table, items), data, setting="cold")["B"]
    after = evaluate_users(Table(moved, items), renumbered, setting="cold")["B"]
    wrong = evaluate_users(Table(table, items), renumbered, setting="cold")["B"]
    for key, values in before.values.items():
        assert after.values[key].mean() == pytest.approx(values.mean(), abs=1e-9)
        assert wrong.values[key].mean() < values.mean() - 0.01
