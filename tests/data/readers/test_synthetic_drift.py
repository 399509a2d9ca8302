"""The world in motion: tastes change as they say, nobody acts before arriving, nobody takes an item twice."""

from __future__ import annotations

import numpy as np
import pytest

from data.readers.synthetic import SPAN, START, WorldSize
from data.readers.synthetic_drift import Drift, DriftingWorld

SIZE = WorldSize(200, 150, n_interactions=4000, seed=1)
PERIODS = 8


@pytest.fixture(scope="module")
def world() -> DriftingWorld:
    return DriftingWorld(SIZE, Drift(taste=0.8, newcomers=0.4, periods=PERIODS))


def test_tastes_move_from_one_to_another(world: DriftingWorld) -> None:
    np.testing.assert_array_equal(world.taste_in(0), world.taste)
    np.testing.assert_allclose(world.taste_in(PERIODS - 1), 0.2 * world.taste + 0.8 * world.later_taste)
    np.testing.assert_allclose(world.taste_in(3).sum(axis=1), 1)


def test_nobody_acts_before_arriving_and_no_item_is_taken_before_it_is_there(world: DriftingWorld) -> None:
    year = (world.times - START) / SPAN
    period_end = (np.floor(year * PERIODS) + 1) / PERIODS
    assert (world.user_arrivals[world.pairs[:, 0]] <= period_end - 1 / PERIODS + 1e-9).all()
    assert (world.times >= world.arrivals[world.pairs[:, 1]]).all()
    late = world.user_arrivals > 0
    assert 0.3 < late.mean() < 0.5
    assert (world.arrivals == START).mean() == pytest.approx(0.3, abs=0.01)


def test_a_user_takes_an_item_once(world: DriftingWorld) -> None:
    assert len(np.unique(world.pairs, axis=0)) == len(world.pairs) == pytest.approx(4000, rel=0.1)


def test_events_follow_the_taste_of_their_time(world: DriftingWorld) -> None:
    """Early events are likelier under the first tastes than under the last, late ones the other way round."""
    topics = np.array([world.topic_of[meaning] for meaning in map(_meaning, world.titles)])
    period = (world.times - START) * PERIODS // SPAN
    users, topic = world.pairs[:, 0], topics[world.pairs[:, 1]]
    liking = {at: np.log(world.taste_in(at)[users, topic] + 0.02) for at in (0, PERIODS - 1)}
    early, late = period == 0, period >= PERIODS - 2
    assert liking[0][early].mean() > liking[PERIODS - 1][early].mean() + 0.2
    assert liking[PERIODS - 1][late].mean() > liking[0][late].mean() + 0.2


def test_equal_seeds_give_equal_worlds(world: DriftingWorld) -> None:
    again = DriftingWorld(SIZE, world.drift)
    np.testing.assert_array_equal(again.pairs, world.pairs)
    np.testing.assert_array_equal(again.times, world.times)


@pytest.mark.parametrize("wrong", [{"taste": 1.5}, {"newcomers": 1.0}, {"new_items": -0.1}, {"periods": 0}])
def test_a_drift_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Drift(**wrong)  # type: ignore[arg-type]


def _meaning(title: str) -> tuple[int, int]:
    from data.readers.synthetic import meaning_of

    return meaning_of(title)
