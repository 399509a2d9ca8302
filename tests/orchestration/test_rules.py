"""The decisions to act, as arithmetic."""

import pytest

from orchestration.rules import Decision, PastRun, RetrainRule, attempt, is_cron, not_yet, retrain_due

RULE = RetrainRule(users=10, share=0.5, min_interactions=2, cool_down_minutes=30)


@pytest.mark.parametrize(
    ("outside", "known", "act"),
    [
        (0, 0, False),
        (9, 100, False),
        (10, 100, True),
        (4, 5, False),
        (5, 5, True),
        (0, 100, False),
        (1, 0, True),
    ],
)
def test_a_retrain_is_due_at_either_threshold(outside: int, known: int, act: bool) -> None:
    decision = retrain_due(outside, known, RULE)
    assert decision.act is act
    assert str(outside) in decision.message
    assert str(known) in decision.message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"users": 0}, "users must be at least 1, got 0"),
        ({"share": 0.0}, "share must be in"),
        ({"share": 1.1}, "share must be in"),
        ({"min_interactions": 0}, "min_interactions must be at least 1"),
        ({"cool_down_minutes": -1.0}, "cool_down_minutes must not be negative"),
    ],
)
def test_a_rule_out_of_range_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RetrainRule(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * *", True),
        ("*/5 0-6/2 1,15 * 1-5", True),
        ("0 3 * *", False),
        ("tomorrow", False),
        ("60 3 * * *", False),
        ("0 24 * * *", False),
        ("0 3 0 * *", False),
        ("0 6-3 * * *", False),
        ("*/0 * * * *", False),
    ],
)
def test_cron_expressions(text: str, expected: bool) -> None:
    assert is_cron(text) is expected


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
