"""The audience side: are the users whom a model names for a new item the right ones, and not always the same?

The candidates for a cold item are all U users (nobody has a training pair with it). The truth of an item is
every held-out user it has: a held-out cold item belongs to one phase, so over both phases together each item
is judged by its own phase's pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.array_types import Indices, Pairs, Values
from evaluation.evaluation_input import EvaluationInput
from evaluation.pair_set import PairSet
from evaluation.protocol import BLOCK_CELLS, checked_scores
from evaluation.ranking import ndcg, precision, recall
from evaluation.scorer import Scorer
from evaluation.top_k import shuffled, top_columns

AudiencePhase = Literal["both", "validation", "test"]
"""Which cold items are judged: all held-out ones, or one phase's."""

AUDIENCE_CUTOFFS = (20, 100)
"""Audience sizes."""

AUDIENCE_METRICS = {"precision": precision, "recall": recall, "ndcg": ndcg}


@dataclass(frozen=True)
class Concentration:
    """How evenly a model spreads its audiences over the users.

    Attributes:
        gini: Gini coefficient of how often each user is chosen, over all U users: 0 is even, near 1 is a few.
        share_chosen: Share of the U users chosen for at least one item.
    """

    gini: float
    share_chosen: float


@dataclass(frozen=True)
class AudienceSide:
    """One model's values per cold item.

    Attributes:
        phase: Which cold items.
        items: Cold items with at least one true user, shape (c,), int64.
        values: By metric name ("precision", "recall", "ndcg") and audience size: shape (c,), float64.
        true_pairs: By audience size: share of the item's predicted pairs that are true, for ALL items of the
            phase, shape (c',); its mean is the share of all predicted pairs, and counts as wrong the pairs of
            items without truth, which the mean precision leaves out.
        concentration: By audience size, over the audiences of all items of the phase.
    """

    phase: AudiencePhase
    items: Indices
    values: Mapping[tuple[str, int], Values]
    true_pairs: Mapping[int, Values]
    concentration: Mapping[int, Concentration]


def cold_items_of(data: EvaluationInput, phase: AudiencePhase) -> Indices:
    """The held-out cold items of one phase or of both, sorted."""
    if phase == "both":
        return data.cold_items
    return np.unique(data.cold_validation_items if phase == "validation" else data.cold_test_items)


def cold_truth_of(data: EvaluationInput, phase: AudiencePhase) -> Pairs:
    """The held-out pairs of cold items, shape (N, 2), each once."""
    if phase != "both":
        return data.truth("cold", phase)
    return PairSet.of(np.concatenate([data.cold_validation, data.cold_test]), data.n_items).pairs()


def rank_users_for_items(
    scorer: Scorer, items: Indices, *, n_users: int, k: int, tie_seed: int = 0
) -> Indices:
    """The best ``k`` users of each item.

    Args:
        scorer: The model.
        items: Shape (c,), int64.
        n_users: U; all users are candidates.
        k: Audience size, at least 1; beyond U the lists are padded.
        tie_seed: Seed of the order among equal scores.

    Returns:
        User indices, best first, shape (c, k), int64, -1 as padding.

    Raises:
        ValueError: If ``k`` is below 1 or the model's scores are malformed.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    users = shuffled(np.arange(n_users), seed=tie_seed)
    draws = np.random.default_rng(tie_seed).integers(0, n_users, size=int(items.max(initial=0)) + 1)
    chosen = np.empty((len(items), k), dtype=np.int64)
    step = max(1, BLOCK_CELLS // n_users)
    for begin in range(0, len(items), step):
        block = slice(begin, begin + step)
        scores = np.ascontiguousarray(checked_scores(scorer, users, items[block]).T)  # (b, U)
        best = top_columns(scores, k=k, starts=draws[items[block]])
        chosen[block] = np.where(best >= 0, users[best], -1)
    return chosen


def evaluate_audience(
    scorer: Scorer, data: EvaluationInput, *, cutoffs: Sequence[int] = AUDIENCE_CUTOFFS, tie_seed: int = 0
) -> dict[AudiencePhase, AudienceSide]:
    """Choose an audience for every held-out cold item and judge it, over both phases and for each.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        cutoffs: Audience sizes, each at least 1.
        tie_seed: Seed of the order among equal scores.

    Returns:
        "both", and "validation" and "test" where they have truth.

    Raises:
        ValueError: If no cold item has truth, or the model's scores are malformed.
    """
    items = data.cold_items
    if not len(data.cold_validation) + len(data.cold_test):
        raise ValueError("no held-out cold item has a true user; the audience side needs at least one")
    chosen = rank_users_for_items(scorer, items, n_users=data.n_users, k=max(cutoffs), tie_seed=tie_seed)
    return judge_audiences(chosen, data, cutoffs=cutoffs)


def judge_audiences(
    chosen: Indices, data: EvaluationInput, *, cutoffs: Sequence[int] = AUDIENCE_CUTOFFS
) -> dict[AudiencePhase, AudienceSide]:
    """Judge ready audiences, over both phases and for each.

    Args:
        chosen: User indices of each of ``data.cold_items``, best first, shape (c, k), int64; -1 pads.
        data: The snapshot's index arrays.
        cutoffs: Audience sizes, each at least 1 and at most k.

    Returns:
        "both", and "validation" and "test" where they have truth.
    """
    phases: tuple[AudiencePhase, ...] = ("both", "validation", "test")
    return {
        phase: _judged(phase, chosen[np.isin(data.cold_items, cold_items_of(data, phase))], data, cutoffs)
        for phase in phases
        if len(cold_truth_of(data, phase))
    }


def concentration(chosen: Indices, *, n_users: int) -> Concentration:
    """Measure how evenly audiences are spread.

    Args:
        chosen: User indices of all audiences, any shape, int64; -1 is ignored.
        n_users: U; users never chosen count as zeros.

    Returns:
        Gini coefficient and share of users ever chosen.

    Raises:
        ValueError: If nobody is chosen at all.
    """
    counts = np.sort(np.bincount(chosen[chosen >= 0], minlength=n_users)).astype(np.float64)
    if not counts.sum():
        raise ValueError("chosen names no user; concentration needs at least one audience")
    rank = np.arange(1, n_users + 1)
    gini = 2 * (rank * counts).sum() / (n_users * counts.sum()) - (n_users + 1) / n_users
    return Concentration(gini=float(gini), share_chosen=float((counts > 0).mean()))


def _judged(
    phase: AudiencePhase, chosen: Indices, data: EvaluationInput, cutoffs: Sequence[int]
) -> AudienceSide:
    """Judge the audiences of one phase's items."""
    items = cold_items_of(data, phase)
    pairs = cold_truth_of(data, phase)
    truth = PairSet.of(pairs[:, ::-1], data.n_users)  # items first: the sets' second index is the user here
    hits = truth.contains(items[:, None], chosen)
    n_true = np.bincount(pairs[:, 1], minlength=data.n_items)[items].astype(np.int64)
    judged = n_true > 0
    return AudienceSide(
        phase=phase,
        items=items[judged],
        values={
            (name, k): metric(hits[judged], n_true[judged], k=k)
            for name, metric in AUDIENCE_METRICS.items()
            for k in cutoffs
        },
        true_pairs={k: hits[:, :k].sum(axis=1) / min(k, data.n_users) for k in cutoffs},
        concentration={k: concentration(chosen[:, :k], n_users=data.n_users) for k in cutoffs},
    )
