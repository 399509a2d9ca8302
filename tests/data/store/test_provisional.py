from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.store.provisional import ProvisionalUsers
from data.store.store import Store
from data.store.vectors import UserVectors
from tests.data.store.test_publication import floats, model
from tests.data.store.worlds import dataset, small


def entry(*user_ids: str, start: int = 0, events: int = 1) -> ProvisionalUsers:
    n = len(user_ids)
    return ProvisionalUsers(
        list(user_ids), np.full(n, events), [""] * n, np.full(n, 2.0), floats(n, 3, start=start)
    )


@pytest.fixture
def world(store: Store) -> Store:
    """Version 7 knows a and b; c and d come later, d with an event."""
    store.import_dataset(small())
    store.publish(model(7), reason="first")
    store.import_dataset(dataset(["d"], events=[("d", "x", 40, 1.0), ("d", "y", 40, 1.0)]))
    return store


def test_users_with_events_outside_the_vocabulary_wait_until_they_are_folded_in(world: Store) -> None:
    found = world.users_to_fold_in(7)
    assert found.user_ids.tolist() == ["d"]  # c has no event
    assert (found.n_events.tolist(), found.pairs) == ([2], [(0, "x"), (0, "y")])
    world.add_provisional(7, entry("d", events=2))
    assert world.count_users_to_fold_in(7) == 0
    world.import_dataset(dataset(events=[("d", "z", 50, 1.0)]))
    assert world.count_users_to_fold_in(7) == 1


def test_who_waits_is_told_without_what_they_touched(world: Store) -> None:
    world.import_dataset(dataset(["e"], events=[("e", "z", 50, 1.0)]))
    found = world.waiting_users(7)
    assert (found.user_ids.tolist(), found.n_events.tolist()) == (["d", "e"], [2, 1])
    whole = world.users_to_fold_in(7)
    assert whole.user_ids.tolist() == found.user_ids.tolist()
    assert whole.n_events.tolist() == found.n_events.tolist()
    world.add_provisional(7, entry("d", "e", events=2))
    assert world.waiting_users(7).user_ids.tolist() == ["e"]


def test_a_user_whose_items_have_no_vector_waits_for_them(world: Store) -> None:
    world.import_dataset(dataset(["e"], {"new": "A new one"}, [("e", "new", 60, 1.0)]))
    assert world.users_to_fold_in(7).user_ids.tolist() == ["d"]


def test_entries_are_appended_and_the_newest_is_in_force(world: Store) -> None:
    world.add_provisional(7, entry("d", start=1))
    world.add_provisional(7, entry("c", "d", start=20, events=2))
    found = world.read_provisional(7)
    assert list(found.user_ids) == ["c", "d"]
    np.testing.assert_array_equal(found.vectors, floats(2, 3, start=20))
    assert found.n_events.tolist() == [2, 2]
    assert found.collaborative_scale.tolist() == [2.0, 2.0]
    with world.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM provisional_users").scalar() == 3


def test_a_provisional_user_still_counts_as_outside(world: Store) -> None:
    before = world.count_users_outside(7, min_events=1)
    world.add_provisional(7, entry("d"))
    assert world.count_users_outside(7, min_events=1) == before == 1


def test_the_next_version_replaces_them_and_the_one_before_keeps_its_own(world: Store) -> None:
    world.add_provisional(7, entry("d"))
    users = UserVectors(["a", "b", "d"], floats(3, 3))
    world.publish(model(8, users=users), reason="second")
    assert len(world.read_provisional(8)) == 0
    assert world.count_users_to_fold_in(8) == 0
    assert list(world.read_provisional(7).user_ids) == ["d"]
    world.add_provisional(8, entry("d"))  # one that came too late is not in force
    assert len(world.read_provisional(8)) == 0
    assert len(world.read_provisional(9)) == 0


def test_bad_entries_are_refused(world: Store) -> None:
    with pytest.raises(KeyError, match="1 unknown: 'nobody'"):
        world.add_provisional(7, entry("nobody"))
    with pytest.raises(KeyError, match="version 9 has no vectors"):
        world.add_provisional(9, entry("d"))
    wide = ProvisionalUsers(["d"], np.ones(1, np.int64), [""], np.ones(1), floats(1, 4))
    with pytest.raises(ValueError, match="vectors of 3 numbers like version 7, got 4"):
        world.add_provisional(7, wide)
    with pytest.raises(ValueError, match="scales above 0"):
        ProvisionalUsers(["d"], np.ones(1, np.int64), [""], np.zeros(1), floats(1, 3))


def test_a_user_without_events_is_added_once(world: Store) -> None:
    assert world.ensure_user("kim") == 0
    assert world.ensure_user("kim") == 0
    assert world.ensure_user("d") == 2
    assert world.counts()["users"] == 5


def test_a_placed_item_is_to_be_placed_again_when_its_events_have_grown(world: Store) -> None:
    assert world.items_to_warm_up(7).item_ids.tolist() == ["y"]  # held out; placed with 2 events, now 3
    world.import_dataset(dataset(events=[("a", "z", 70, 1.0), ("b", "x", 70, 1.0)]))
    assert world.items_to_warm_up(7).item_ids.tolist() == ["y", "z"]  # x is warm
    world.import_dataset(dataset(items={"new": "A new one"}))
    assert world.items_to_move(7).item_ids.tolist() == ["y", "z", "new"]
    assert world.items_to_place(7).item_ids.tolist() == ["new"]
    given = model(7)
    events = dict(zip(world.read_items().item_ids, world.read_items().n_events, strict=True))
    counted = replace(given.items, n_events=[events[item] for item in given.items.item_ids])
    world.add_placements(7, counted, given.audiences)
    assert len(world.items_to_warm_up(7)) == 0


def test_events_that_came_while_an_item_was_being_placed_count_as_news_to_it(world: Store) -> None:
    before = model(7)  # z was read without events
    world.import_dataset(dataset(events=[("a", "z", 70, 1.0), ("b", "z", 70, 1.0)]))
    world.add_placements(7, before.items, before.audiences)
    assert "z" in world.items_to_warm_up(7).item_ids


def test_a_version_written_again_lies_in_another_space_than_its_provisional_users(world: Store) -> None:
    world.add_provisional(7, entry("d", events=2))
    world.publish(model(7), reason="again")
    assert len(world.read_provisional(7)) == 0
    assert world.waiting_users(7).user_ids.tolist() == ["d"]
