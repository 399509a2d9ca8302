from __future__ import annotations

from dataclasses import replace

import pytest

from data.store import arrivals
from data.store.arrivals import NOTHING_SEEN
from data.store.store import Store
from tests.data.store.conftest import NOW
from tests.data.store.test_publication import model
from tests.data.store.worlds import dataset, small


def test_nothing_is_new_to_nothing(store: Store) -> None:
    assert store.arrivals(min_events=1) is None


def test_what_came_after_the_snapshot_is_counted_by_who_brought_it(store: Store) -> None:
    store.import_dataset(small())
    row = store.add_snapshot("0123456789abcdef", protocol="live", watermark=store.watermark())
    given = replace(model(1), snapshot_key=row.key)
    store.publish(given, reason="first")
    quiet = store.arrivals(min_events=1)
    assert quiet is not None
    assert (quiet.users_known, quiet.users_outside, quiet.new_events, quiet.events_outside) == (2, 0, 0, 0)
    assert (quiet.version, quiet.made_at, quiet.watermark) == (1, NOW, row.watermark)
    late = [("a", "z", 50, 1.0), ("c", "z", 60, 1.0), ("d", "x", 70, 1.0), ("d", "y", 80, 1.0)]
    store.import_dataset(dataset(["d"], None, late))
    busy = store.arrivals(min_events=2)
    assert busy is not None
    assert (busy.users_outside, busy.new_events, busy.events_outside) == (1, 4, 3)
    newest = store.newest_events(after=row.watermark.interaction_key, limit=3)
    assert list(zip(newest.user_ids, newest.item_ids, strict=True)) == [("c", "z"), ("d", "x"), ("d", "y")]
    assert len(store.newest_events(after=store.watermark().interaction_key, limit=3)) == 0


def test_who_could_not_be_trained_is_no_news_until_something_of_his_is(store: Store) -> None:
    """All his events are held out, so a retrain without further ones leaves him outside again, and again."""
    store.import_dataset(small())
    store.import_dataset(dataset(["d"], None, [("d", "x", 1, 1.0), ("d", "y", 2, 1.0)]))
    row = store.add_snapshot("0123456789abcdef", protocol="live", watermark=store.watermark())
    store.publish(replace(model(1), snapshot_key=row.key), reason="first")
    store.import_dataset(dataset(None, None, [("a", "z", 50, 1.0)]))
    found = store.arrivals(min_events=2)
    assert found is not None
    assert (found.users_outside, found.new_events) == (0, 1)
    store.import_dataset(dataset(None, None, [("d", "z", 60, 1.0)]))
    found = store.arrivals(min_events=2)
    assert found is not None
    assert found.users_outside == 1


def test_the_readers_of_some_items_are_told_once_each(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "IDS_PER_QUERY", 1)  # several queries, one answer
    store.import_dataset(small())
    found = store.readers_of(["x", "y", "z"])
    pairs = sorted(zip(found.user_ids, found.item_ids, strict=True))
    assert pairs == [("a", "x"), ("a", "y"), ("b", "y")]  # a has two events with x
    assert store.readers_of(["y"]).item_ids.tolist() == ["y", "y"]
    assert len(store.readers_of([])) == 0


def test_without_its_snapshot_everything_is_new_to_a_version(store: Store) -> None:
    store.import_dataset(small())
    store.publish(model(1), reason="by hand")
    found = store.arrivals(min_events=1)
    assert found is not None
    assert found.watermark == NOTHING_SEEN
    assert found.new_events == 4
