"""The forward test: a model in office, judged by what people do next.

The candidates are all items that have arrived by the end of the step, warm and new together, without those that a
user has had before. A user for whom the model has no vector gets nothing and counts zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.array_types import Flags, Indices, Pairs, Values
from evaluation.audience import rank_users_for_items
from evaluation.pair_set import PairSet
from evaluation.protocol import RankingTask, rank_for_users
from evaluation.ranking import ndcg, recall
from evaluation.scorer import Scorer

CUTOFF = 20


@dataclass(frozen=True)
class ForwardQuestion:
    """What happens in one step.

    Attributes:
        truth: Pairs of the step that are new, shape (N, 2), int64, none twice.
        history: Pairs of all time before, shape (M, 2), int64.
        n_users: Users who have arrived by the end of the step; they have the indices below.
        n_items: Items, likewise.
        new_items: Items that arrive in the step, int64: those whose audiences are judged.
    """

    truth: Pairs
    history: Pairs
    n_users: int
    n_items: int
    new_items: Indices

    @classmethod
    def of(
        cls, during: Pairs, history: Pairs, *, n_users: int, n_items: int, new_items: Indices
    ) -> ForwardQuestion:
        """Pose the question of a step.

        Args:
            during: Pairs of the step's events, shape (n, 2), int64; repeats, and pairs of the history, are no truth.
            history: Pairs of all events before, shape (m, 2), int64.
            n_users: Users by the end of the step.
            n_items: Items by the end of the step.
            new_items: Items that arrive in the step.
        """
        known = PairSet.of(history, n_items)
        pairs = PairSet.of(during, n_items).pairs()
        truth = pairs[~known.contains(pairs[:, 0], pairs[:, 1])]
        return cls(truth, known.pairs(), n_users, n_items, new_items)

    @property
    def users(self) -> Indices:
        """Users with truth, sorted."""
        return np.unique(self.truth[:, 0])


@dataclass(frozen=True)
class ForwardValues:
    """What a model was worth in one step.

    Attributes:
        users: Users with truth, shape (n,), int64.
        served: Whether the model has a vector for each, shape (n,), bool.
        recall: Recall@20 of each, zero for those not served, shape (n,), float64.
        ndcg: NDCG@20, likewise.
        items: New items with truth, shape (c,), int64.
        audience_recall: Recall@20 over users of each, shape (c,), float64.
        audience_ndcg: NDCG@20 over users.
    """

    users: Indices
    served: Flags
    recall: Values
    ndcg: Values
    items: Indices
    audience_recall: Values
    audience_ndcg: Values

    def of(self, metric: str) -> Values:
        """One of the four kinds of values by name."""
        values: Values = getattr(self, metric)
        return values


METRICS = ("recall", "ndcg", "audience_recall", "audience_ndcg")


def forward_values(
    scorer: Scorer, audience: Scorer, question: ForwardQuestion, *, served: Flags
) -> ForwardValues:
    """Judge a model by one step.

    Args:
        scorer: Ranks items for users.
        audience: Ranks users for items.
        question: The step.
        served: Whether the model has a vector, for each of the question's ``n_users``, shape (U,), bool.

    Returns:
        The values; empty where nobody did anything new.
    """
    users = question.users
    values = {name: np.zeros(len(users)) for name in ("recall", "ndcg")}
    mine = served[users]
    if mine.any():
        asked = users[mine]
        task = RankingTask(
            users=asked,
            candidates=np.arange(question.n_items),
            truth=question.truth[np.isin(question.truth[:, 0], asked)],
            train=question.history,
            known=np.empty((0, 2), dtype=np.int64),
            n_items=question.n_items,
        )
        ranked = rank_for_users(scorer, task, k=CUTOFF)
        values["recall"][mine] = recall(ranked.hits, ranked.n_true, k=CUTOFF)
        values["ndcg"][mine] = ndcg(ranked.hits, ranked.n_true, k=CUTOFF)
    items, audience_values = _audiences(audience, question, served)
    return ForwardValues(users, mine, values["recall"], values["ndcg"], items, *audience_values)


def _audiences(
    audience: Scorer, question: ForwardQuestion, served: Flags
) -> tuple[Indices, tuple[Values, Values]]:
    """The new items with truth, and recall and NDCG of each."""
    pairs = question.truth[np.isin(question.truth[:, 1], question.new_items)]
    items = np.unique(pairs[:, 1])
    if not len(items):
        return items, (np.zeros(0), np.zeros(0))
    chosen = rank_users_for_items(audience, items, n_users=question.n_users, k=CUTOFF)
    chosen = np.where(
        (chosen >= 0) & served[chosen], chosen, -1
    )  # nobody is named whom the model does not know
    truth = PairSet.of(pairs[:, ::-1], question.n_users)
    hits = truth.contains(items[:, None], chosen)
    n_true = np.bincount(pairs[:, 1], minlength=question.n_items)[items].astype(np.int64)
    return items, (recall(hits, n_true, k=CUTOFF), ndcg(hits, n_true, k=CUTOFF))


def over_steps(indices: Sequence[Indices], values: Sequence[Values]) -> tuple[Indices, Values]:
    """One value per user (or item): the mean over the steps in which there was one.

    Args:
        indices: By step, who was judged.
        values: By step, their values, of the same lengths.

    Returns:
        Who was judged in any step, sorted, and each one's mean.
    """
    everyone = np.concatenate([np.zeros(0, dtype=np.int64), *indices])
    who, place = np.unique(everyone, return_inverse=True)
    total = np.bincount(place, weights=np.concatenate([np.zeros(0), *values]), minlength=len(who))
    return who, total / np.maximum(np.bincount(place, minlength=len(who)), 1)
