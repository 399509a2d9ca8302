"""Paired differences between a judged model and its references."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.audience import AudienceSide
from evaluation.uncertainty import Interval, paired_difference
from evaluation.user_side import UserSide


@dataclass(frozen=True)
class Comparison:
    """A paired difference between the judged model and a reference, over the same users or items.

    Attributes:
        model: The judged model.
        reference: What it is compared with.
        side: "user" or "audience".
        setting: "cold", "warm" or "overall".
        metric: Name of the metric, with its list length (``ndcg@20``).
        difference: Mean of model minus reference.
        low: Lower end of the paired 95 % interval.
        high: Upper end.
        n: Pairs.
    """

    model: str
    reference: str
    side: str
    setting: str
    metric: str
    difference: float
    low: float
    high: float
    n: int


def compare_users(
    names: tuple[str, str], sides: tuple[UserSide, UserSide], *, metric: str, k: int, seed: int = 0
) -> Comparison:
    """Compare two models on the same users.

    Args:
        names: The judged model, then the reference.
        sides: Their values, in the same order.
        metric: Name of the metric.
        k: List length.
        seed: Seed of the bootstrap.

    Returns:
        The paired difference.

    Raises:
        ValueError: If the two were judged on different users, settings, phases or evaluators.
    """
    one, other = sides
    kinds = [(side.setting, side.phase, side.evaluator) for side in sides]
    if kinds[0] != kinds[1] or one.users.tolist() != other.users.tolist():
        raise ValueError(f"{names[0]} and {names[1]} were judged differently: {kinds[0]} and {kinds[1]}")
    interval = paired_difference(one.values[metric, k], other.values[metric, k], seed=seed)
    return _comparison(names, ("user", one.setting), f"{metric}@{k}", interval)


def compare_audiences(
    names: tuple[str, str], sides: tuple[AudienceSide, AudienceSide], *, metric: str, k: int, seed: int = 0
) -> Comparison:
    """Compare two models on the same cold items.

    Args:
        names: The judged model, then the reference.
        sides: Their values, in the same order.
        metric: "precision", "recall" or "ndcg".
        k: Audience size.
        seed: Seed of the bootstrap.

    Returns:
        The paired difference.

    Raises:
        ValueError: If the two were judged on different items.
    """
    one, other = sides
    if one.items.tolist() != other.items.tolist():
        raise ValueError(f"{names[0]} and {names[1]} were judged on different cold items")
    interval = paired_difference(one.values[metric, k], other.values[metric, k], seed=seed)
    return _comparison(names, ("audience", "cold"), f"{metric}@{k}", interval)


def _comparison(
    names: tuple[str, str], place: tuple[str, str], metric: str, interval: Interval
) -> Comparison:
    """Put a paired interval under its names."""
    return Comparison(
        model=names[0],
        reference=names[1],
        side=place[0],
        setting=place[1],
        metric=metric,
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        n=interval.n,
    )
