"""The decisions to act, as arithmetic."""

import pytest

from orchestration.rules import Decision, PastRun, RetrainRule, attempt, retrain_due

RULE = RetrainRule(users=10, share=0.5, min_interactions=2, cool_down_minutes=30)


@pytest.mark.parametrize(
    ("outside", "known", "act"),
    [(0, 0, False), (9, 100, False), (10, 100, True), (4, 5, False), (5, 5, True), (0, 100, False), (1, 0, True)],
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


def test_the_first_attempt_is_number_0() -> None:
    assert attempt([], 30) == 0


def test_a_run_under_way_or_finished_is_not_asked_for_again() -> None:
    for past in ([PastRun(failed=False, ended_minutes_ago=None)], [PastRun(failed=False, ended_minutes_ago=99)]):
        refusal = attempt(past, 30)
        assert isinstance(refusal, Decision)
        assert not refusal.act


def test_a_failed_run_is_asked_for_again_after_the_cool_down() -> None:
    just_now = attempt([PastRun(failed=True, ended_minutes_ago=29)], 30)
    assert isinstance(just_now, Decision)
    assert "29 minutes ago" in just_now.message
    assert attempt([PastRun(failed=True, ended_minutes_ago=30)], 30) == 1
    assert attempt([PastRun(failed=True, ended_minutes_ago=31), PastRun(failed=True, ended_minutes_ago=99)], 30) == 2
