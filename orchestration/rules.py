"""When a job may be asked for: pure decisions on its earlier runs; what makes a retrain worth it stands in assets."""

from dataclasses import dataclass

from assets.retrain_rule import Decision

LONGEST_REST_MINUTES = 24 * 60.0


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
        past: Earlier runs of the job, the newest at least.
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


def rest_minutes(cool_down_minutes: float, refused: int) -> float:
    """How long to wait after a retrain whose version was refused, minutes.

    A threshold that was reached before stays reached then, and a little more data seldom changes the verdict, so the
    wait doubles with each refusal in a row, up to a day.

    Args:
        cool_down_minutes: The wait without a refusal; never less than it.
        refused: Versions refused in a row until now.
    """
    doubled = cool_down_minutes * 2.0 ** min(refused, 32)
    return max(cool_down_minutes, min(doubled, LONGEST_REST_MINUTES))


def attempt(past: list[PastRun], data: str) -> int | Decision:
    """The number of the next attempt on some data, or why there is none.

    Args:
        past: Every earlier run about the data, all of them ended.
        data: Names the data; the same name stands for the same data.

    Returns:
        The attempt's number, counted from 0; a decision not to act where a run has succeeded.
    """
    same = [run for run in past if run.data == data]
    if any(not run.failed for run in same):
        return Decision(False, "a run for this data has already finished")
    return len(same)
