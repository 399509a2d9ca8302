"""The gate: whether a newly trained model may take the champion's place. A pure decision from arrays.

Both models are judged on held-out cold items that neither has trained on nor stopped early by
(:func:`unseen_items`), for the users of the challenger's snapshot. A user whom a model does not know counts zero for
it: he gets nothing. A challenger that is good enough on the whole and clearly worse on a part is held for a human.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.array_types import Flags, Indices, Values
from evaluation.slices import Slice
from evaluation.uncertainty import LEVEL, Interval, paired_difference

TOLERATED_LOSS = 0.01
"""Relative loss of cold NDCG@20 that the interval may reach down to: a tie must not block fresh users."""

FEW = 30
"""A slice with fewer judged members says nothing."""


@dataclass(frozen=True)
class Contender:
    """What the gate knows of a model.

    Attributes:
        name: How the reason calls it, such as "version 7".
        snapshot_hash: Content hash of the snapshot it was trained on.
        ndcg: Cold NDCG@20 under evaluator B of each judged user, shape (n,), float64; the value of
            a user the model does not know is ignored.
        known: Which judged users are in the model's vocabulary, shape (n,), bool.
        users_covered: Users of the challenger's snapshot, judged or not, in the model's vocabulary.
        audience: NDCG@20 over users of each judged cold item, shape (c,), float64; nan is left out.
    """

    name: str
    snapshot_hash: str
    ndcg: Values
    known: Flags
    users_covered: int
    audience: Values

    def counted(self) -> Values:
        """NDCG with zero for users the model does not know, shape (n,)."""
        return np.where(self.known, self.ndcg, 0.0)


@dataclass(frozen=True)
class Decision:
    """The gate's answer.

    Attributes:
        promote: Whether the challenger becomes champion.
        reason: One sentence with the numbers that decided; the verdict itself is ``promote``.
        numbers: Everything that was looked at, by name.
        held: Whether a human has to decide: better on the whole, clearly worse on a slice; then not promoted.
    """

    promote: bool
    reason: str
    numbers: dict[str, float]
    held: bool = False


def unseen_items(judged: Indices, *trained_on: Indices) -> Indices:
    """Items that can be judged fairly: those that no model has seen in training.

    Args:
        judged: Held-out cold items, int64.
        trained_on: Items that a model has seen in training or early stopping, int64, in the same numbering.

    Returns:
        The remaining items, sorted; possibly none.
    """
    remaining = np.unique(judged)
    for items in trained_on:
        remaining = np.setdiff1d(remaining, items)
    return remaining


def decide(
    challenger: Contender,
    champion: Contender | None,
    *,
    reference: Values,
    slices: Sequence[Slice] = (),
    seed: int = 0,
) -> Decision:
    """Decide on promotion.

    With a champion, the challenger is promoted if it was trained on another snapshot, the lower end of the
    paired 95 % interval of the cold NDCG@20 difference lies above -1 % of the champion's mean, it is better
    on average or covers more users, and its audience side is not significantly worse (the paired interval of
    the audience NDCG@20 reaches zero). Without one, the paired interval of its difference to the TF-IDF
    profile must lie above zero. A challenger that passes all this is held for a human if on any slice of at
    least 30 users or items the paired interval of the difference lies below -1 % of the champion's mean there;
    the level is 95 % for all slices together (Bonferroni).

    Args:
        challenger: The new model.
        champion: The model in office, judged on the same users and items; None if there is none.
        reference: Cold NDCG@20 of the TF-IDF profile for the same users, shape (n,), float64.
        slices: Parts of the judged users and items.
        seed: Seed of the bootstrap.

    Returns:
        The decision; no judged user is a refusal, not an error.

    Raises:
        ValueError: If arrays of different length are compared or a known user's NDCG is nan.
    """
    _check(challenger, champion, reference)
    for part in slices:
        expected = (challenger.ndcg if part.side == "users" else challenger.audience).shape
        if part.members.shape != expected:
            raise ValueError(f"slice {part.name!r} has shape {part.members.shape}, expected {expected}")
    if champion is not None and champion.snapshot_hash == challenger.snapshot_hash:
        reason = (
            f"{challenger.name} and {champion.name} were trained on the same snapshot "
            f"{challenger.snapshot_hash}; nothing new could have been learned."
        )
        return Decision(False, reason, {})
    if not len(challenger.ndcg):
        reason = (
            f"no user has a held-out cold item that no model has trained on, so {challenger.name} "
            "cannot be judged."
        )
        return Decision(False, reason, {"n_users": 0.0})
    if champion is None:
        return _against_reference(challenger, reference, seed)
    decision = _against_champion(challenger, champion, seed)
    return _held_by(slices, decision, challenger, champion, seed) if decision.promote else decision


def _against_reference(challenger: Contender, reference: Values, seed: int) -> Decision:
    """No champion yet: beat the TF-IDF profile clearly."""
    difference = paired_difference(challenger.counted(), reference, seed=seed)
    numbers = {
        "challenger_ndcg": float(challenger.counted().mean()),
        "reference_ndcg": float(reference.mean()),
        **_named("ndcg_difference", difference),
        "n_users": float(difference.n),
    }
    promote = difference.low > 0
    told = (
        f"the TF-IDF profile on cold NDCG@20: {numbers['challenger_ndcg']:.4f} against "
        f"{numbers['reference_ndcg']:.4f}, {_spoken(difference)} over {difference.n} users"
    )
    if promote:
        reason = f"there is no champion yet and {challenger.name} beats {told}."
    else:
        reached = "below 0" if difference.low < 0 else "down to 0"
        reason = (
            f"there is no champion yet, but {challenger.name} is not clearly better than {told}; the interval "
            f"reaches {reached}, that of a first version has to lie above 0."
        )
    return Decision(promote, reason, numbers)


def _against_champion(challenger: Contender, champion: Contender, seed: int) -> Decision:
    """The three conditions, in the order in which they are told."""
    difference = paired_difference(challenger.counted(), champion.counted(), seed=seed)
    champion_mean = float(champion.counted().mean())
    floor = -TOLERATED_LOSS * champion_mean
    numbers = {
        "challenger_ndcg": float(challenger.counted().mean()),
        "champion_ndcg": champion_mean,
        **_named("ndcg_difference", difference),
        "ndcg_floor": floor,
        "n_users": float(difference.n),
        "challenger_users": float(challenger.users_covered),
        "champion_users": float(champion.users_covered),
    }
    told = (
        f"cold NDCG@20 {numbers['challenger_ndcg']:.4f} against {champion_mean:.4f} of "
        f"{champion.name}, {_spoken(difference)} over {difference.n} users"
    )
    coverage = f"{challenger.users_covered} users covered against {champion.users_covered}"
    audience = _audience_difference(challenger, champion, seed)
    if audience is not None:
        numbers |= {**_named("audience_difference", audience), "n_items": float(audience.n)}
    if not _above(difference.low, floor):
        reason = (
            f"{challenger.name} may be worse, {told}; the lower end must stay above {floor:+.4f} "
            f"({TOLERATED_LOSS:.0%} of the champion)."
        )
        return Decision(False, reason, numbers)
    if difference.mean <= 0 and challenger.users_covered <= champion.users_covered:
        reason = f"{challenger.name} is neither better nor covers more users, {told}; {coverage}."
        return Decision(False, reason, numbers)
    if audience is not None and audience.high < 0:
        reason = (
            f"{challenger.name} names worse audiences, NDCG@20 over users {_spoken(audience)} on "
            f"{audience.n} cold items, significantly below {champion.name}; {told}."
        )
        return Decision(False, reason, numbers)
    side = f"; audience NDCG@20 {_spoken(audience)} on {audience.n} cold items" if audience else ""
    return Decision(True, f"{challenger.name} has {told}; {coverage}{side}.", numbers)


def _held_by(
    slices: Sequence[Slice], decision: Decision, challenger: Contender, champion: Contender, seed: int
) -> Decision:
    """A favourable decision, or the same held because of a slice."""
    numbers, worse = dict(decision.numbers), []
    judged = [one for one in slices if _n_judged(one, challenger, champion) >= FEW]
    for one in judged:
        new, old = _values(challenger, one), _values(champion, one)
        level = 1 - (1 - LEVEL) / len(judged)
        difference = paired_difference(new, old, seed=seed, level=level)
        numbers |= _named(f"{one.name.replace(' ', '_')}_difference", difference)
        floor = -TOLERATED_LOSS * float(np.nanmean(np.where(np.isnan(new), np.nan, old)))
        if difference.high < min(floor, 0.0):
            worse.append(
                f"{one.name} lose, {difference.mean:+.4f} ({level:.1%} interval {difference.low:+.4f} to "
                f"{difference.high:+.4f} over {difference.n})"
            )
    if not worse:
        return replace(decision, numbers=numbers)
    reason = f"a human has to decide: {'; '.join(worse)}; on the whole {decision.reason}"
    return Decision(False, reason, numbers, held=True)


def _n_judged(part: Slice, challenger: Contender, champion: Contender) -> int:
    """Members of a slice that both have a value for."""
    return int((~np.isnan(_values(challenger, part) - _values(champion, part))).sum())


def _values(one: Contender, part: Slice) -> Values:
    """A contender's values on a slice."""
    return (one.counted() if part.side == "users" else one.audience)[part.members]


def _audience_difference(challenger: Contender, champion: Contender, seed: int) -> Interval | None:
    """Paired difference over items, or None if no item has a value for both."""
    if not (~np.isnan(challenger.audience - champion.audience)).any():
        return None
    return paired_difference(challenger.audience, champion.audience, seed=seed)


def _above(low: float, floor: float) -> bool:
    """Above the floor; where both models score nothing there is nothing to lose, and zero is enough."""
    return low > floor or (low == 0.0 and floor == 0.0)


def _named(name: str, interval: Interval) -> dict[str, float]:
    """An interval under three names."""
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _spoken(interval: Interval) -> str:
    """An interval in a sentence."""
    return f"difference {interval.mean:+.4f} (95 % interval {interval.low:+.4f} to {interval.high:+.4f})"


def _check(challenger: Contender, champion: Contender | None, reference: Values) -> None:
    """Same users, same items, no nan."""
    for one in (challenger, champion):
        if one is None:
            continue
        if not one.ndcg.shape == one.known.shape == challenger.ndcg.shape == reference.shape:
            raise ValueError(
                f"{one.name} is judged on {one.ndcg.shape} users with flags of shape {one.known.shape}; "
                f"{challenger.name} and the reference have {challenger.ndcg.shape} and {reference.shape}: "
                "judge all on the same users"
            )
        if one.audience.shape != challenger.audience.shape:
            raise ValueError(
                f"{one.name} is judged on {one.audience.shape} cold items, {challenger.name} on "
                f"{challenger.audience.shape}: judge both on the same items"
            )
        if np.isnan(one.counted()).any():
            raise ValueError(f"{one.name} has nan as NDCG of a user it knows; leave users without truth out")
