"""Which items a version has to place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assets.waiting_items import ItemsWithReaders, waiting_items, with_readers
from data.id_map import IdMap
from data.store.arrivals import NamedEvents
from data.store.store import Store
from tests.data.store.worlds import dataset

TEXTS = {"x": "An X", "y": "A Y", "z": "A Z"}
EVENTS = [
    ("ann", "x", 1, 1.0),
    ("bob", "x", 2, 1.0),
    ("bob", "y", 3, 1.0),
    ("bob", "y", 4, 1.0),
    ("eve", "y", 5, 1.0),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as opened:
        opened.import_dataset(dataset(["eve", "ann", "bob"], TEXTS, EVENTS))
        untitled = dataset(events=[("eve", "blank", 6, 1.0)])
        opened.import_dataset(untitled, create_unknown=True)
        yield opened


def test_items_that_were_not_trained_on_wait_with_their_known_readers(store: Store) -> None:
    found = waiting_items(store, 1, warm_items=IdMap(["x"]))
    waiting = with_readers(found, store, IdMap(["bob", "ann"]))
    assert waiting.item_ids == ["y", "z", "blank"]  # x was trained on
    assert waiting.texts == ["A Y", "A Z", ""]
    assert waiting.real_pairs.tolist() == [[0, 0]]  # bob read y twice, eve is unknown
    assert waiting.readers().tolist() == [1, 0, 0]
    assert waiting.n_events.tolist() == [3, 0, 1]


def test_events_of_other_items_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    readers_of = store.readers_of

    def noted(item_ids: Sequence[str]) -> NamedEvents:
        asked.append(list(item_ids))
        return readers_of(item_ids)

    monkeypatch.setattr(store, "readers_of", noted)
    for every in ("read_events", "read_world", "read_users"):
        monkeypatch.delattr(Store, every)
    found = waiting_items(store, 1, warm_items=IdMap(["x"]))
    assert asked == []  # texts alone are enough to ask for audiences
    with_readers(found, store, IdMap(["bob", "ann"]))
    assert asked == [["y", "blank"]]


def test_without_events_nobody_has_read_anything(store: Store) -> None:
    found = waiting_items(store, 1, warm_items=IdMap(["x", "y"]))
    waiting = with_readers(found, store, IdMap(["bob"]))
    assert waiting.item_ids == ["z", "blank"]
    assert waiting.real_pairs.shape == (0, 2)


def test_nothing_waits_where_everything_was_trained_on(store: Store) -> None:
    found = waiting_items(store, 1, warm_items=IdMap(["x", "y", "z", "blank"]))
    waiting = with_readers(found, store, IdMap(["bob"]))
    assert len(waiting) == 0
    assert waiting.readers().tolist() == []


def test_a_part_of_the_items_keeps_its_readers() -> None:
    pairs = np.array([[0, 7], [1, 8], [2, 9], [2, 7]], dtype=np.int64)
    whole = ItemsWithReaders(["a", "b", "c"], ["A", "B", "C"], ["1", "2", "3"], np.array([1, 1, 2]), pairs)
    part = whole.only(np.array([False, True, True]))
    assert (part.item_ids, part.texts, part.text_hashes) == (["b", "c"], ["B", "C"], ["2", "3"])
    assert part.n_events.tolist() == [1, 2]
    assert part.real_pairs.tolist() == [[0, 8], [1, 9], [1, 7]]
    assert len(whole.only(np.zeros(3, dtype=bool))) == 0
