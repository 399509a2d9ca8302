"""When to act: pure decisions on named numbers, thin shells elsewhere."""

import re
from dataclasses import dataclass

CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, weekday
CRON_PART = re.compile(r"(\*|(?P<first>\d+)(-(?P<last>\d+))?)(/(?P<step>\d+))?")


@dataclass(frozen=True)
class RetrainRule:
    """When new users make a retrain worth it.

    Attributes:
        users: Request a retrain when at least this many users are outside the published vocabulary.
        share: ... or when they are at least this share of all users with enough interactions, in (0, 1].
        min_interactions: A user counts from this many interactions on, >= 1.
        cool_down_minutes: Time between a retrain's end and the next request, also after a failure, >= 0.
        nightly: Cron expression of the schedule that retrains anyway.
    """

    users: int = 500
    share: float = 0.05
    min_interactions: int = 3
    cool_down_minutes: float = 30.0
    nightly: str = "0 3 * * *"

    def __post_init__(self) -> None:
        if self.users < 1:
            raise ValueError(f"users must be at least 1, got {self.users}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")
        if self.min_interactions < 1:
            raise ValueError(f"min_interactions must be at least 1, got {self.min_interactions}")
        if self.cool_down_minutes < 0:
            raise ValueError(f"cool_down_minutes must not be negative, got {self.cool_down_minutes}")
        if not is_cron(self.nightly):
            raise ValueError(
                "nightly must be a cron expression of five fields (minute, hour, day, month, weekday) such as "
                f"'0 3 * * *', got {self.nightly!r}"
            )


def is_cron(text: str) -> bool:
    """Whether a text is a cron expression of numbers, ranges, lists and steps, each within its field's bounds."""
    fields = text.split()
    return len(fields) == len(CRON_BOUNDS) and all(
        _is_cron_field(field, low, high) for field, (low, high) in zip(fields, CRON_BOUNDS, strict=True)
    )


def _is_cron_field(field: str, low: int, high: int) -> bool:
    for part in field.split(","):
        match = CRON_PART.fullmatch(part)
        if match is None or match["step"] == "0":
            return False
        ends = [int(end) for end in (match["first"], match["last"]) if end]
        if ends != sorted(ends) or not all(low <= end <= high for end in ends):
            return False
    return True


@dataclass(frozen=True)
class Decision:
    """Whether to act, and the sentence that says why, with its numbers."""

    act: bool
    message: str


def retrain_due(outside: int, known: int, rule: RetrainRule) -> Decision:
    """Decide on a retrain.

    Args:
        outside: Users with at least ``rule.min_interactions`` interactions outside the published vocabulary.
        known: Users in the published vocabulary; 0 where nothing is published.
        rule: The thresholds.

    Returns:
        The decision; at a threshold counts as reached.
    """
    total = outside + known
    share = outside / total if total else 0.0
    numbers = (
        f"{outside} users with at least {rule.min_interactions} interactions are outside the published vocabulary "
        f"of {known} ({share:.1%} of {total})"
    )
    thresholds = f"thresholds: {rule.users} users or {rule.share:.1%}"
    if outside and (outside >= rule.users or share >= rule.share):
        return Decision(True, f"{numbers}; {thresholds}: retrain")
    return Decision(False, f"{numbers}; {thresholds}: nothing to do")


@dataclass(frozen=True)
class PastRun:
    """An earlier run of a job.

    Attributes:
        data: What it was about, as its request named it; empty for a run that nobody requested so.
        failed: Whether it ended without success.
        ended_minutes_ago: None while it is queued or under way.
    """

    data: str
    failed: bool
    ended_minutes_ago: float | None


def not_yet(past: list[PastRun], cool_down_minutes: float, *, rest_after_success: bool) -> Decision | None:
    """Why a job should not be asked for now, whatever it would be about; None if it may be.

    Args:
        past: Every earlier run of the job.
        cool_down_minutes: How long to wait after a run has ended.
        rest_after_success: Whether to wait after a successful run too.
    """
    if any(run.ended_minutes_ago is None for run in past):
        return Decision(False, "a run of this job is queued or under way")
    ended = [
        run.ended_minutes_ago
        for run in past
        if run.ended_minutes_ago is not None and (run.failed or rest_after_success)
    ]
    latest = min(ended, default=None)
    if latest is None or latest >= cool_down_minutes:
        return None
    return Decision(
        False,
        f"the last run ended {latest:.0f} minutes ago; the next one comes {cool_down_minutes:.0f} minutes after it",
    )


def attempt(past: list[PastRun], data: str) -> int | Decision:
    """The number of the next attempt on some data, or why there is none.

    Args:
        past: Every earlier run of the job, all of them ended.
        data: Names the data; the same name stands for the same data.

    Returns:
        The attempt's number, counted from 0; a decision not to act where a run has succeeded.
    """
    same = [run for run in past if run.data == data]
    if any(not run.failed for run in same):
        return Decision(False, "a run for this data has already finished")
    return len(same)
