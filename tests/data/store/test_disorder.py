"""Events twice and out of order, and a clock that goes back: what the store holds does not depend on them."""

from __future__ import annotations

import numpy as np

from data.store.store import Store
from tests.data.store.conftest import NOW
from tests.data.store.test_importing import events_of
from tests.data.store.test_publication import model
from tests.data.store.worlds import dataset, small

EVENTS = [
    (f"user-{n % 7}", f"item-{n % 5}", 1_000 + 13 * n % 97, 1.0 + n % 3)
    for n in range(35)  # no (user, item, time) twice: 5 and 7 have no common divisor
]
ITEMS = {f"item-{n}": f"title {n}" for n in range(5)}


def test_events_in_any_order_and_any_number_of_times_are_the_same_events(store: Store) -> None:
    generator = np.random.default_rng(5)
    order = generator.permutation(len(EVENTS))
    shuffled = [EVENTS[at] for at in order]
    store.import_dataset(dataset(items=ITEMS, events=shuffled[:20]))
    late = [*shuffled[20:], *shuffled[:9], *shuffled[30:]]  # some from before, some twice in the batch
    summary = store.import_dataset(dataset(users=[f"user-{n}" for n in range(7)], items=ITEMS, events=late))
    assert summary.interactions_added == 15
    assert summary.duplicates == len(late) - 15
    assert events_of(store) == sorted(EVENTS)
    world = store.read_world()
    assert world.users.n_events.tolist() == [5] * 7
    assert world.items.n_events.tolist() == [7] * 5
    assert store.watermark().n_interactions == 35


def test_an_event_older_than_the_newest_snapshot_is_new_content(store: Store) -> None:
    store.import_dataset(small())
    before = store.watermark()
    summary = store.import_dataset(dataset(events=[("c", "z", 1, 1.0)]))
    assert summary.interactions_added == 1
    assert store.watermark().interaction_key > before.interaction_key


def test_a_clock_that_goes_back_changes_no_order(url: str) -> None:
    """Snapshots and publications are in the order in which they came, whatever the clock said."""
    clock = [NOW]
    with Store.open(url, clock=lambda: clock[0]) as store:
        store.import_dataset(small())
        first = store.add_snapshot("a" * 64, protocol="live", watermark=store.watermark())
        store.publish(model(1), reason="the first")
        clock[0] = NOW - 86_400
        second = store.add_snapshot("b" * 64, protocol="live", watermark=store.watermark())
        store.publish(model(2), reason="the second")
        assert [row.key for row in store.snapshots()] == [first.key, second.key]
        assert store.snapshots()[1].created_at < store.snapshots()[0].created_at
        latest = store.latest_snapshot("building")
        assert latest is not None
        assert latest.key == second.key
        current = store.current_publication()
        assert current is not None
        assert (current.version, current.previous_version) == (2, 1)
        assert [entry.version for entry in store.publication_log()] == [1, 2]
        assert store.rollback_publication(reason="back").version == 1
        summary = store.import_dataset(dataset(events=[("a", "z", NOW - 86_400, 1.0)]))
        assert summary.interactions_added == 1
