"""The share that new items have of the latest interactions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.interactions import Interactions
from data.newcomers import new_item_share

DAY = 24 * 3600


def taken(*events: tuple[int, float]) -> Interactions:
    """Events as (item, day); every event is another user's."""
    pairs = np.array([[user, item] for user, (item, _) in enumerate(events)], dtype=np.int64).reshape(-1, 2)
    times = np.array([round(day * DAY) for _, day in events], dtype=np.int64)
    n_items = int(pairs[:, 1].max(initial=0)) + 1
    return Interactions(pairs, times, np.ones(len(events), dtype=np.float32), max(1, len(events)), n_items)


def test_items_first_taken_in_the_last_days_are_new() -> None:
    """In the days 13 < t <= 20: item 0 twice, known since day 1; items 2 and 3 arrive, 2 is taken twice."""
    events = taken((0, 1), (1, 12), (0, 14), (2, 15), (2, 19), (3, 20), (0, 20))
    assert new_item_share(events, days=7) == pytest.approx((3 + 1) / (5 + 2))


def test_an_item_first_taken_at_the_beginning_of_the_period_is_old() -> None:
    assert new_item_share(taken((0, 1), (1, 13), (1, 20), (2, 20)), days=7) == pytest.approx(
        (1 + 1) / (2 + 2)
    )


def test_times_that_span_less_than_two_periods_are_halved() -> None:
    """Days 1 to 5: the period begins at day 3, in which item 1 arrives."""
    assert new_item_share(taken((0, 1), (0, 4), (1, 4), (1, 5)), days=7) == pytest.approx((2 + 1) / (3 + 2))


def test_nothing_new_is_a_small_share_and_not_an_unknown_one() -> None:
    events = [(0, 1.0), *((0, 20.0) for _ in range(98))]
    assert new_item_share(taken(*events), days=7) == pytest.approx(1 / 100)


@pytest.mark.parametrize("events", [[(0, 0), (1, 0)], [(0, 4), (1, 4)]])
def test_without_times_and_at_one_moment_it_cannot_be_told(events: list[tuple[int, float]]) -> None:
    assert new_item_share(taken(*events), days=7) is None


def test_no_interactions_tell_nothing() -> None:
    none = Interactions(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), 1, 1)
    assert new_item_share(none, days=7) is None


def test_interactions_without_a_time_are_left_out() -> None:
    assert new_item_share(taken((0, 1), (2, 0), (0, 19), (2, 20)), days=7) == pytest.approx((1 + 1) / (2 + 2))


def test_a_period_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="days must be above 0, got 0"):
        new_item_share(taken((0, 1)), days=0)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.floats(0.01, 100)), min_size=1, max_size=60),
    st.floats(0.5, 40),
)
def test_it_is_a_share_and_hangs_on_no_order(events: list[tuple[int, float]], days: float) -> None:
    share = new_item_share(taken(*events), days=days)
    assert share is None or 0 < share < 1
    assert new_item_share(taken(*events[::-1]), days=days) == share
