"""The decision to retrain, as arithmetic."""

from dataclasses import fields, replace

import pytest

from assets.retrain_rule import RetrainRule, Signals, is_cron, retrain_due

RULE = RetrainRule(users=10, share=0.5, min_interactions=2, min_events=100, age_days=7)
QUIET = Signals(users_outside=0, users_known=100, new_events=1)


@pytest.mark.parametrize(
    ("outside", "known", "fired"),
    [
        (0, 0, ()),
        (9, 100, ()),
        (10, 100, ("users",)),
        (4, 5, ()),
        (5, 5, ("share",)),
        (0, 100, ()),
        (1, 0, ("share",)),
        (10, 10, ("users", "share")),
    ],
)
def test_users_outside_are_counted_and_weighed(outside: int, known: int, fired: tuple[str, ...]) -> None:
    decision = retrain_due(Signals(outside, known, new_events=1), RULE)
    assert decision.fired == fired
    assert decision.act is bool(fired)
    assert decision.message.startswith(f"{outside} users with at least 2 interactions are outside")
    assert f"vocabulary of {known} " in decision.message


@pytest.mark.parametrize(
    ("changes", "fired"),
    [
        ({}, ()),
        ({"new_events": 100, "events_outside": 19}, ()),
        ({"new_events": 100, "events_outside": 20}, ("traffic",)),
        ({"new_events": 99, "events_outside": 99}, ()),
        ({"age_days": 6.9}, ()),
        ({"age_days": 7.0}, ("age_days",)),
        ({"text_distance": 0.19}, ()),
        ({"text_distance": 0.2}, ("text_distance",)),
        ({"unknown_words": 0.3}, ("unknown_words",)),
        ({"foreign_texts": 0.2}, ("foreign_texts",)),
        ({"forward_drop": 0.3}, ("forward_drop",)),
        ({"forward_drop": 0.0}, ()),
        ({"age_days": 9.0, "forward_drop": 0.9, "new_events": 0}, ()),
    ],
)
def test_each_other_threshold_is_enough_if_anything_is_new(
    changes: dict[str, float], fired: tuple[str, ...]
) -> None:
    decision = retrain_due(replace(QUIET, **changes), RULE)  # type: ignore[arg-type]
    assert decision.fired == fired
    assert ("retrain (" in decision.message) is bool(fired)


def test_every_number_and_every_threshold_is_told() -> None:
    signals = Signals(3, 97, 40, 10, 1.5, 0.123, 0.234, 0.045, 0.056)
    message = retrain_due(signals, RULE).message
    for part in (
        "3 users with at least 2 interactions",
        "vocabulary of 97 (3.0% of 100), thresholds 10 users or 50.0%",
        "25.0% of 40 new interactions, threshold 20.0% of at least 100",
        "1.5 days old, threshold 7",
        "distance of new texts 0.123, threshold 0.2",
        "unknown words beyond the usual 0.234, threshold 0.3",
        "foreign texts beyond the usual 0.045, threshold 0.2",
        "loss of the forward metric 0.056, threshold 0.3",
    ):
        assert part in message
    assert "distance of new texts not measured" in retrain_due(QUIET, RULE).message


def test_every_threshold_changes_a_decision() -> None:
    """No setting that nothing reads."""
    busy = Signals(50, 950, 1000, 100, 10.0, 0.1, 0.1, 0.1, 0.1)
    asleep = RetrainRule(
        users=1000,
        share=1,
        traffic=1,
        age_days=100,
        text_distance=1,
        unknown_words=1,
        foreign_texts=1,
        forward_drop=1,
    )
    assert not retrain_due(busy, asleep).act
    lowered = {
        "users": 50,
        "share": 0.05,
        "traffic": 0.1,
        "age_days": 10.0,
        "text_distance": 0.1,
        "unknown_words": 0.1,
        "foreign_texts": 0.1,
        "forward_drop": 0.1,
    }
    for name, value in lowered.items():
        assert retrain_due(busy, replace(asleep, **{name: value})).fired == (name,)  # type: ignore[arg-type]
    others = {"min_interactions", "min_events", "cool_down_minutes", "tick_seconds", "nightly", "watch"}
    assert {field.name for field in fields(RetrainRule)} == set(lowered) | others


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"users": 0}, "users must be at least 1, got 0"),
        ({"share": 0.0}, "share must be in"),
        ({"share": 1.1}, "share must be in"),
        ({"forward_drop": 0.0}, "forward_drop must be in"),
        ({"min_interactions": 0}, "min_interactions must be at least 1"),
        ({"min_events": 0}, "min_events must be at least 1"),
        ({"age_days": 0.0}, "age_days must be above 0"),
        ({"age_days": float("nan")}, "age_days must be above 0"),
        ({"tick_seconds": 0}, "tick_seconds must be at least 1, got 0"),
        ({"cool_down_minutes": -1.0}, "cool_down_minutes must not be negative"),
        ({"watch": "hourly"}, "watch must be a cron expression"),
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
