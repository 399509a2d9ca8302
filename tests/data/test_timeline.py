"""The timeline: arrival orders the numbers, and what is seen at a time is what a store would have held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.columns import CREATED_AT, ITEM_ID, TEXT, TIME, USER_ID, WEIGHT
from data.errors import InputError
from data.readers.dataset import Dataset, Source
from data.store.store import Store
from data.timeline import Timeline

EVENTS = [
    ("ann", "new", 500),
    ("bob", "old", 100),
    ("ann", "old", 300),
    ("bob", "new", 600),
    ("bob", "old", 700),
]


def dataset(events: list[tuple[str, str, int]]) -> Dataset:
    users, items, times = zip(*events, strict=True)
    return Dataset(
        name="by hand",
        users=None,
        items=Source.of_table(
            "items",
            {ITEM_ID: ["new", "old"], TEXT: pa.array(["a new one", "an old one"]), CREATED_AT: [400, 50]},
        ),
        interactions=Source.of_table(
            "events",
            {
                USER_ID: list(users),
                ITEM_ID: list(items),
                TIME: list(times),
                WEIGHT: np.ones(len(events), dtype=np.float32),
            },
        ),
    )


def timeline(tmp_path: Path, events: list[tuple[str, str, int]]) -> Timeline:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.import_dataset(dataset(events))
        return Timeline.of_world(store.read_world())


def test_numbers_follow_arrival(tmp_path: Path) -> None:
    found = timeline(tmp_path, EVENTS)
    assert found.users.ids.tolist() == ["bob", "ann"]
    assert found.items.ids.tolist() == ["old", "new"]
    assert found.texts == ["an old one", "a new one"]
    assert found.item_arrivals.tolist() == [50, 400]
    assert found.times.tolist() == [100, 300, 500, 600, 700]
    assert found.pairs.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def test_a_look_at_a_time_sees_what_came_before(tmp_path: Path) -> None:
    found = timeline(tmp_path, EVENTS)
    assert (found.users_at(100), found.users_at(101), found.users_at(301)) == (0, 1, 2)
    assert (found.items_at(50), found.items_at(400), found.items_at(401)) == (0, 1, 2)
    assert found.pairs_before(500).tolist() == [[0, 0], [1, 0]]
    assert found.pairs_between(300, 600).tolist() == [[1, 0], [1, 1]]
    contents = found.contents_at(501)
    assert contents.user_ids.tolist() == ["bob", "ann"]
    assert contents.interactions().pairs.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert found.contents_at(101).item_ids.tolist() == ["old"]


def test_events_without_a_time_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got 1 of 2 without\. Remedy"):
        timeline(tmp_path, [("ann", "old", 100), ("bob", "new", 0)])
