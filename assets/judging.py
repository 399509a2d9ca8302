"""From a snapshot to the judges' arrays, and the validation values that training stops on."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from assets.scorers import OURS, Judged
from data.snapshot import Snapshot
from data.split import ItemRole
from evaluation.audience import rank_users_for_items
from evaluation.distribution import evaluate_distribution
from evaluation.evaluation_input import EvaluationInput, Phase, Setting
from evaluation.judgement import Judgement, judge_scores
from evaluation.pair_set import PairSet
from evaluation.protocol import RankingTask, rank_for_users, ranking_task
from evaluation.ranking import ndcg, recall
from evaluation.scorer import FactorScorer, Scorer

CUTOFF = 20  # the papers' K


def evaluation_input(snapshot: Snapshot) -> EvaluationInput:
    """The snapshot's index arrays, as ``evaluation`` takes them."""
    split = snapshot.split
    return EvaluationInput(
        train=split.train,
        warm_validation=split.validation.warm,
        warm_test=split.test.warm,
        cold_validation=split.validation.cold,
        cold_test=split.test.cold,
        warm_items=split.warm_items,
        cold_validation_items=split.items_with_role(ItemRole.COLD_VALIDATION),
        cold_test_items=split.items_with_role(ItemRole.COLD_TEST),
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
    )


def warm_recall(snapshot: Snapshot) -> Callable[[Any], float] | None:
    """Recall@20 of collaborative embeddings on warm validation pairs, ranked among warm items; None without any."""
    if not len(snapshot.split.validation.warm):
        return None
    task = validation_task(snapshot, "warm")

    def validate(embeddings: Any) -> float:
        return mean_recall(embeddings_scorer(embeddings, snapshot), task)

    return validate


def overall_ndcg(snapshot: Snapshot) -> Callable[[Any], float] | None:
    """NDCG@20 of collaborative embeddings on all validation pairs, warm and cold in one list; None without any."""
    if not len(snapshot.split.validation.warm) and not len(snapshot.split.validation.cold):
        return None
    task = validation_task(snapshot, "overall")

    def validate(embeddings: Any) -> float:
        ranked = rank_for_users(embeddings_scorer(embeddings, snapshot), task, k=CUTOFF)
        return float(ndcg(ranked.hits, ranked.n_true, k=CUTOFF).mean())

    return validate


def embeddings_scorer(embeddings: Any, snapshot: Snapshot) -> FactorScorer:
    """Scores of collaborative embeddings; 0 for items without them."""
    return FactorScorer(embeddings.users, embeddings.item_table(snapshot.n_items))


def cold_value(snapshot: Snapshot) -> Callable[[Any], float] | None:
    """What a text model is worth on cold validation pairs: geometric mean of its lists' and its audiences' NDCG@20.

    Users' lists are ranked among held-out cold items, items' audiences among all users. What helps one alone is not
    worth what it costs the other: the lists of one model can be the same while its audiences get worse by a twentieth.

    Args:
        snapshot: Its cold validation pairs judge; at most 20,000 of its users are shown lists, at most 20,000 of its
            items are given audiences.

    Returns:
        The judge; None without such pairs.
    """
    if not len(snapshot.split.validation.cold):
        return None
    task = validation_task(snapshot, "cold")
    asked = _of_a_sample(task)
    texts = snapshot.texts[task.candidates]

    def validate(model: Any) -> float:
        users = model.user_factors()
        items = np.zeros((snapshot.n_items, users.shape[1]), dtype=np.float32)
        items[task.candidates] = model.relevance_factors(texts)
        scorer = FactorScorer(users, items)
        ranked = rank_for_users(scorer, asked, k=CUTOFF)
        lists = float(ndcg(ranked.hits, ranked.n_true, k=CUTOFF).mean())
        return math.sqrt(lists * _audience_ndcg(scorer, task, n_users=snapshot.n_users))

    return validate


def _audience_ndcg(scorer: Scorer, task: RankingTask, *, n_users: int) -> float:
    """Mean NDCG@20 of the audiences of the task's true items."""
    truth = PairSet.of(task.truth, task.n_items)
    true_items, counts = np.unique(truth.pairs()[:, 1], return_counts=True)
    items, n_true = even_sample(true_items), even_sample(counts)
    chosen = rank_users_for_items(scorer, items, n_users=n_users, k=min(CUTOFF, n_users))
    hits = truth.contains(chosen, items[:, None])
    return float(ndcg(hits, n_true, k=chosen.shape[1]).mean())


PARTS = 4
"""Enough that the most taken item is in few of them, few enough that each holds items of which something is known."""
MOST = 20_000
"""Users, or items, beyond whom an even sample judges for all."""


def cold_ndcg_by_part(snapshot: Snapshot) -> Callable[[Any], Any] | None:
    """NDCG@20 of users' lists, as :func:`cold_value` has them: of all cold validation items and of four parts; or None.

    The judge gives shape (1 + parts,); nan where a part says nothing.
    """
    if not len(snapshot.split.validation.cold):
        return None
    task = validation_task(snapshot, "cold")
    texts, by_part = snapshot.texts[task.candidates], ndcg_whole_and_by_part(task)

    def values(model: Any) -> Any:
        users = model.user_factors()
        items = np.zeros((snapshot.n_items, users.shape[1]), dtype=np.float32)
        items[task.candidates] = model.relevance_factors(texts)
        return by_part(FactorScorer(users, items))

    return values


def even_sample(those: Any) -> Any:
    """At most 20,000 of these users or items, (n,), evenly spaced and in their order."""
    chosen = np.linspace(0, len(those) - 1, min(len(those), MOST)).astype(np.int64)
    return those[chosen]


def _of_a_sample(task: RankingTask) -> RankingTask:
    """The same question asked of an even sample of the users."""
    users = even_sample(task.users)
    return replace(task, users=users, truth=task.truth[np.isin(task.truth[:, 0], users)])


def ndcg_by_part(task: RankingTask) -> Callable[[Any], Any]:
    """NDCG@20 of a scorer's lists where one part of the items after the other alone is true, shape (parts,).

    What makes a single much taken item come first helps one part and no other.

    Args:
        task: The question; at most 20,000 of its users are asked.
    """
    judge = ndcg_whole_and_by_part(task)
    return lambda scorer: judge(scorer)[1:]


def ndcg_whole_and_by_part(task: RankingTask) -> Callable[[Any], Any]:
    """The same after the value of all items together, shape (1 + parts,)."""
    asked = _of_a_sample(task)
    users = asked.users
    part = np.arange(task.n_items) % PARTS
    n_true = np.zeros((PARTS, len(users)), dtype=np.int64)
    np.add.at(n_true, (part[asked.truth[:, 1]], np.searchsorted(users, asked.truth[:, 0])), 1)

    def values(scorer: Any) -> Any:
        ranked = rank_for_users(scorer, asked, k=CUTOFF)
        found = np.full(1 + PARTS, np.nan)
        found[0] = ndcg(ranked.hits, ranked.n_true, k=CUTOFF).mean()
        for one in range(PARTS):
            judged = n_true[one] > 0
            if judged.any():
                hits = ranked.hits[judged] & (part[ranked.items[judged]] == one)
                found[1 + one] = ndcg(hits, n_true[one, judged], k=CUTOFF).mean()
        return found

    return values


def validation_task(snapshot: Snapshot, setting: Setting, phase: Phase = "validation") -> RankingTask:
    """The ranking question of one setting under evaluator B."""
    return ranking_task(evaluation_input(snapshot), setting, phase=phase)


def mean_recall(scorer: Any, task: RankingTask) -> float:
    """Mean over users of Recall@20."""
    ranked = rank_for_users(scorer, task, k=CUTOFF)
    return float(recall(ranked.hits, ranked.n_true, k=CUTOFF).mean())


def judge_all(
    judged: dict[str, Judged], data: EvaluationInput, *, report: Callable[[int, int, str], None]
) -> dict[str, Judgement]:
    """Judge every model from both sides; validation figures too for our own, which are chosen by them.

    Args:
        judged: Models by name.
        data: The judges' arrays.
        report: Told ``(done, total, name)`` as the models are judged.

    Returns:
        Judgements by name.
    """
    judgements = {}
    for done, (name, one) in enumerate(judged.items()):
        report(done, len(judged), name)
        phases: tuple[Phase, ...] = ("validation", "test") if name in OURS else ("test",)
        judgement = judge_scores(one.scorer, data, phases=phases, audience=one.audience)
        if one.probabilities is not None and judgement.audience:
            distribution = evaluate_distribution(one.probabilities, data)
            judgement = replace(judgement, distribution=distribution)
        judgements[name] = judgement
    report(len(judged), len(judged), "")
    return judgements
