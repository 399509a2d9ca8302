"""When a job may be asked for, as arithmetic."""

import pytest

from assets.retrain_rule import Decision
from orchestration.rules import PastRun, attempt, not_yet, rest_minutes

GOING = PastRun("a", failed=False, ended_minutes_ago=None)


def done(minutes: float, data: str = "a") -> PastRun:
    return PastRun(data, failed=False, ended_minutes_ago=minutes)


def failed(minutes: float, data: str = "a") -> PastRun:
    return PastRun(data, failed=True, ended_minutes_ago=minutes)


@pytest.mark.parametrize("rest", [True, False])
@pytest.mark.parametrize("past", [[GOING], [GOING, done(99)], [failed(99), GOING]])
def test_nothing_is_asked_for_while_a_run_is_under_way(past: list[PastRun], rest: bool) -> None:
    refusal = not_yet(past, 30, rest_after_success=rest)
    assert refusal == Decision(False, "a run of this job is queued or under way")


@pytest.mark.parametrize(
    ("past", "rest", "waits"),
    [
        ([], True, False),
        ([failed(29)], False, True),
        ([failed(30)], False, False),
        ([failed(99), failed(29)], False, True),
        ([done(29)], False, False),
        ([done(29)], True, True),
        ([done(30)], True, False),
    ],
)
def test_the_cool_down_is_kept(past: list[PastRun], rest: bool, waits: bool) -> None:
    refusal = not_yet(past, 30, rest_after_success=rest)
    assert (refusal is not None) is waits
    if refusal is not None:
        assert refusal == Decision(
            False, "the last run ended 29 minutes ago; the next one comes 30 minutes after it"
        )


def test_attempts_on_the_same_data_are_numbered() -> None:
    assert attempt([], "a") == 0
    assert attempt([failed(9), failed(99)], "a") == 2
    assert attempt([failed(9), failed(99, "b"), done(99, "b")], "a") == 1


def test_data_whose_run_has_finished_are_not_asked_for_again() -> None:
    assert attempt([failed(9), done(99)], "a") == Decision(False, "a run for this data has already finished")


@pytest.mark.parametrize(
    ("cool_down", "refused", "rest"),
    [
        (30, 0, 30),
        (30, 1, 60),
        (30, 3, 240),
        (30, 6, 1440),  # a day; doubled it would be 1,920
        (30, 5000, 1440),
        (0, 9, 0),
        (2000, 0, 2000),
        (2000, 2, 2000),  # never less than without a refusal
    ],
)
def test_the_rest_doubles_with_each_refusal_up_to_a_day(cool_down: float, refused: int, rest: float) -> None:
    assert rest_minutes(cool_down, refused) == rest
