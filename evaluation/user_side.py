"""The user side: every metric for every user, in one setting and phase, as both evaluators see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.array_types import Indices, Values
from evaluation.evaluation_input import EvaluationInput, Phase, Setting
from evaluation.protocol import Evaluator, Ranked, rank_by_evaluator
from evaluation.ranking import METRICS
from evaluation.scorer import Scorer

USER_CUTOFFS = (10, 20, 50)
"""List lengths of the user side."""


@dataclass(frozen=True)
class UserSide:
    """One model's values per user; the raw material of means, intervals and paired differences.

    Attributes:
        setting: Which items were ranked.
        phase: Whose held-out pairs were the truth.
        evaluator: What was masked.
        users: Users with truth, shape (n,), int64; the same for every model on the same data.
        values: By metric name and list length: shape (n,), float64.
    """

    setting: Setting
    phase: Phase
    evaluator: Evaluator
    users: Indices
    values: Mapping[tuple[str, int], Values]


def evaluate_users(
    scorer: Scorer,
    data: EvaluationInput,
    *,
    setting: Setting,
    phase: Phase = "test",
    cutoffs: Sequence[int] = USER_CUTOFFS,
) -> dict[Evaluator, UserSide]:
    """Rank for every user with truth and compute all metrics at all list lengths.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        setting: "cold", "warm" or "overall".
        phase: "validation" or "test".
        cutoffs: List lengths, each at least 1.

    Returns:
        Values of evaluators "B" and "A".

    Raises:
        ValueError: If the setting has no truth in this phase, or the model's scores are malformed.
    """
    lists = rank_by_evaluator(scorer, data, setting=setting, phase=phase, k=max(cutoffs))
    return {
        evaluator: UserSide(setting, phase, evaluator, ranked.users, metric_values(ranked, cutoffs))
        for evaluator, ranked in lists.items()
    }


def metric_values(ranked: Ranked, cutoffs: Sequence[int]) -> dict[tuple[str, int], Values]:
    """All ranking metrics of ready lists, by name and list length."""
    return {
        (name, k): metric(ranked.hits, ranked.n_true, k=k)
        for name, metric in METRICS.items()
        for k in cutoffs
    }
