"""Honesty checks, each with a planted fault that makes it fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.honesty import (
    ceiling,
    compare_with_chance,
    oracle,
    refuse_leaks,
    renumber_users,
    shuffle_texts,
)
from evaluation.pair_set import PairSet
from evaluation.protocol import rank_for_users, ranking_task
from evaluation.ranking import METRICS, recall
from evaluation.scorer import DenseScorer
from evaluation.user_side import evaluate_users
from models.baselines import chance, content_knn, ridge, tfidf_profile
from tests.evaluation.worlds import pairs, topic_world


def cold_recalls(scorer, data, k=20):
    """Cold test recall of each user."""
    ranked = rank_for_users(scorer, ranking_task(data, "cold", phase="test"), k=k)
    return recall(ranked.hits, ranked.n_true, k=k)


def fitted(name, world):
    """A text model fitted on a world."""
    data = world.data
    common = {"warm_items": data.warm_items, "n_users": data.n_users}
    if name == "tfidf":
        return tfidf_profile.fit(data.train, texts=world.texts, **common)
    module = ridge if name == "ridge" else content_knn
    return module.fit(data.train, embeddings=world.embeddings, **common)


def shuffled_world(world, seed):
    """Every item has the text and the embedding of a random other one."""
    rows = list(zip(world.texts, world.embeddings, strict=True))
    texts, embeddings = zip(*shuffle_texts(rows, seed=seed), strict=True)
    return replace(world, texts=list(texts), embeddings=np.stack(embeddings))


@pytest.mark.parametrize("name", ["tfidf", "ridge", "knn"])
def test_shuffled_texts_bring_text_models_down_to_chance(name):
    """Averaged over shuffles, because 100 cold items and few topics leave one shuffle a matter of luck."""
    world = topic_world()
    n_cold = len(world.data.cold_items)
    honest = compare_with_chance(cold_recalls(fitted(name, world), world.data), k=20, n_candidates=n_cold)
    assert not honest.at_chance
    assert honest.value > 3 * honest.expected
    means = [cold_recalls(fitted(name, shuffled_world(world, s)), world.data).mean() for s in range(12)]
    shuffled = compare_with_chance(np.array(means), k=20, n_candidates=n_cold)
    assert shuffled.at_chance, shuffled


def test_a_model_that_still_knows_the_answer_is_not_at_chance():
    """The planted fault: one user in twenty sees the truth through the shuffle."""
    data = topic_world().data
    scorer = chance.fit(seed=3)
    table = scorer.scores(np.arange(data.n_users), np.arange(data.n_items))
    told = data.cold_test[data.cold_test[:, 0] % 20 == 0]
    table[told[:, 0], told[:, 1]] = 2.0
    n_cold = len(data.cold_items)
    assert compare_with_chance(cold_recalls(scorer, data), k=20, n_candidates=n_cold).at_chance
    assert not compare_with_chance(
        cold_recalls(DenseScorer(table), data), k=20, n_candidates=n_cold
    ).at_chance


def test_scores_without_signal_are_at_chance():
    """All equal: only the seeded order among ties decides."""
    data = topic_world().data
    flat = DenseScorer(np.zeros((data.n_users, data.n_items), dtype=np.float32))
    assert compare_with_chance(cold_recalls(flat, data), k=20, n_candidates=len(data.cold_items)).at_chance


@pytest.mark.parametrize("setting", ["cold", "warm", "overall"])
def test_oracle_reaches_the_ceiling_and_a_forgetful_one_does_not(setting):
    data = topic_world().data
    truth = data.truth(setting, "test")
    knows = evaluate_users(oracle(truth, n_users=data.n_users, n_items=data.n_items), data, setting=setting)[
        "B"
    ]
    forgot = evaluate_users(
        oracle(truth[len(truth) // 20 :], n_users=data.n_users, n_items=data.n_items), data, setting=setting
    )["B"]
    n_true = np.bincount(truth[:, 0])[knows.users]
    for name in METRICS:
        for k in (10, 20, 50):
            assert knows.values[name, k].mean() == pytest.approx(ceiling(name, n_true, k=k))
    assert forgot.values["recall", 20].mean() < ceiling("recall", n_true, k=20) - 0.01


def test_ceiling_by_hand():
    n_true = np.array([1, 4, 0])
    assert ceiling("recall", n_true, k=2) == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert ceiling("precision", n_true, k=2) == pytest.approx((1 / 2 + 2 / 2) / 2)
    assert ceiling("ndcg", n_true, k=2) == 1
    with pytest.raises(ValueError, match="metric must be recall"):
        ceiling("auc", n_true, k=2)
    with pytest.raises(ValueError, match="no row with truth"):
        ceiling("recall", np.array([0]), k=2)


def test_a_leaked_pair_is_found_and_named():
    train, held_out = PairSet.of(pairs([(0, 1), (2, 3)]), 5), PairSet.of(pairs([(2, 3), (2, 4)]), 5)
    with pytest.raises(
        ValueError, match=r"1 pairs of cold_test are also training pairs \(first: user 2, item 3\)"
    ):
        refuse_leaks(train, held_out, name="cold_test")
    refuse_leaks(train, PairSet.of(pairs([(2, 4)]), 5), name="cold_test")


def test_renumbering_users_touches_users_alone():
    assert renumber_users(pairs([(0, 7), (2, 8)]), np.array([5, 6, 1])).tolist() == [[5, 7], [1, 8]]


def test_shuffling_keeps_every_text_and_moves_some():
    texts = [f"title {i}" for i in range(20)]
    moved = shuffle_texts(texts, seed=0)
    assert sorted(moved) == sorted(texts)
    assert moved != texts
    assert moved == shuffle_texts(texts, seed=0)


def test_chance_check_needs_two_values():
    with pytest.raises(ValueError, match="at least two values, got 1"):
        compare_with_chance(np.array([0.5, np.nan]), k=1, n_candidates=2)
