"""When each policy wants to train, and what the rule is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.replay.policies import Office, signals_at, wish
from assets.replay.source import Clock
from assets.retrain_rule import RetrainRule, Signals
from data.errors import InputError
from data.id_map import IdMap
from data.timeline import Timeline

DAY = 86_400
RULE = RetrainRule(users=2, share=1.0, min_interactions=2, traffic=1.0, age_days=1000)


@pytest.fixture
def timeline() -> Timeline:
    """User 0 acts every day for ten days, user 1 from the fifth day on, user 2 once at the end."""
    pairs = [[0, day] for day in range(10)] + [[1, day] for day in range(5, 10)] + [[2, 9]]
    times = np.array([item * DAY + user for user, item in pairs]) + DAY
    order = np.argsort(times, kind="stable")
    return Timeline(
        users=IdMap(["a", "b", "c"]),
        user_arrivals=np.array([1, 6, 10]) * DAY,
        items=IdMap([f"i{at}" for at in range(10)]),
        item_arrivals=np.arange(1, 11) * DAY,
        texts=[f"text {at}" for at in range(10)],
        pairs=np.array(pairs)[order],
        times=times[order],
        weights=np.ones(len(pairs), dtype=np.float32),
    )


def version(*users: str) -> Any:
    return SimpleNamespace(users=IdMap(users))


def office(policy: str) -> Office:
    found = Office(policy)
    found.take(version("a"), 0)
    return found


def test_the_first_version_is_wanted_by_all() -> None:
    for policy in ("never", "always", "loop"):
        assert wish(Office(policy), lambda: Signals(0, 0, 0), RULE) == (True, ("first",), "")


def test_never_and_always_do_not_ask_the_rule() -> None:
    def asked() -> Signals:
        raise AssertionError("the rule was asked")

    assert not wish(office("never"), asked, RULE).train
    assert wish(office("always"), asked, RULE).train


def test_loop_does_what_the_rule_says() -> None:
    quiet = wish(office("loop"), lambda: Signals(1, 8, new_events=5), RULE)
    assert not quiet.train
    assert "nothing to do" in quiet.rule
    loud = wish(office("loop"), lambda: Signals(2, 8, new_events=5), RULE)
    assert loud.train
    assert loud.fired == ("users",)


def test_the_signals_are_those_of_the_data_clock(timeline: Timeline) -> None:
    """On the eighth day user 1 has acted twice and is outside; user 2 has not come yet."""
    found = signals_at(office("loop"), timeline, since=6 * DAY, time=8 * DAY, min_interactions=2)
    assert (found.users_outside, found.users_known) == (1, 1)
    assert (found.new_events, found.events_outside) == (4, 2)
    assert found.age_days == 2
    assert found.forward_drop is None
    assert signals_at(office("loop"), timeline, since=0, time=8 * DAY, min_interactions=3).users_outside == 0


def test_who_could_not_be_trained_is_no_news_to_the_rule(timeline: Timeline) -> None:
    """As the store counts: user 1 was there when the snapshot was taken, and has done nothing since."""
    found = signals_at(office("loop"), timeline, since=8 * DAY, time=8 * DAY, min_interactions=2)
    assert found.users_outside == 0


def test_the_forward_metric_is_compared_with_the_versions_own_first(timeline: Timeline) -> None:
    one = office("loop")
    for mean in (0.4, 0.5, 0.3):
        one.note(SimpleNamespace(recall=np.full(3, mean)))
    one.note(SimpleNamespace(recall=np.zeros(0)))  # a step in which nobody did anything new
    found = signals_at(one, timeline, since=0, time=8 * DAY, min_interactions=2)
    assert found.forward_drop == pytest.approx(0.25)
    one.take(version("a", "b"), 4)
    assert (one.first_recall, one.promoted) == (None, 2)


def test_the_clock_ends_with_the_last_event(timeline: Timeline) -> None:
    clock = Clock.over(timeline, step=2 * DAY, history=0.2, steps=None)
    assert (clock.n, clock.time(clock.n)) == (3, int(timeline.times[-1]) + 1)
    assert Clock.over(timeline, step=2 * DAY, history=0.2, steps=2).start == clock.start
    assert clock.day(0) == "1970-01-05"
    with pytest.raises(InputError, match="4 are wanted: take a shorter --step"):
        Clock.over(timeline, step=2 * DAY, history=0.2, steps=4)
