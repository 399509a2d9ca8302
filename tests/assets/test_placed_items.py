"""Which interactions an item is placed by, and what must not move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.item_distributions import distributions_of
from assets.placed_items import PlacedItems, fixed_digest, place_waiting
from assets.waiting_items import ItemsWithReaders
from models.coldstart.config import ColdUpdateConfig
from tests.assets.versions import version

CONFIG = ColdUpdateConfig.literal(users_per_item=2, steps=20, compare_with="users")
FOR_DAN = {"For dan": [0.01, 0.01, 0.01, 0.97]}


def place(texts: list[str], readers: list[tuple[int, int]]) -> PlacedItems:
    """Place items i0, i1, ... of these texts, with (item, user) as real readers."""
    pairs = np.array(readers, dtype=np.int64).reshape(-1, 2)
    ids = [f"i{at}" for at in range(len(texts))]
    n_events = np.bincount(pairs[:, 0], minlength=len(texts))
    waiting = ItemsWithReaders(ids, texts, [f"h{at}" for at in range(len(texts))], n_events, pairs)
    model = version(5, table=FOR_DAN)
    answers = distributions_of(model, waiting, k=4, report=lambda *_: None)
    return place_waiting(model, waiting, answers, CONFIG)


def test_items_are_placed_by_text_by_readers_or_by_both() -> None:
    placed = place(
        ["For dan", "", "For dan", "For dan", ""],
        [(1, 0), (2, 0), (3, 0), (3, 1)],
    )
    kinds = dict(zip(placed.item_ids, placed.kinds, strict=True))
    # i0 by text; i2 and i3 by text and readers; i1 by its reader alone; i4 has neither and waits on
    assert kinds == {"i0": "cold", "i2": "held_out", "i3": "held_out", "i1": "held_out"}
    assert placed.item_ids == ["i0", "i2", "i3", "i1"]
    assert placed.counts() == {"cold": 1, "held_out": 3}
    assert dict(zip(placed.item_ids, placed.text_hashes, strict=True))["i2"] == "h2"
    assert placed.n_events == [0, 1, 2, 1]
    assert placed.vectors.shape == (4, 4)
    assert placed.vectors.dtype == np.float32


def test_an_item_lies_nearest_to_its_readers() -> None:
    placed = place(["For dan", ""], [(1, 0), (1, 1)])
    scores = dict(zip(placed.item_ids, placed.vectors, strict=True))  # user u has the unit vector u
    assert int(np.argmax(scores["i0"])) == 3
    assert set(np.argsort(-scores["i1"])[:2].tolist()) == {0, 1}


def test_an_item_whose_text_was_not_the_one_asked_waits_on() -> None:
    def waiting(texts: list[str], hashes: list[str]) -> ItemsWithReaders:
        readers = np.array([[at, 0] for at in range(len(texts))], dtype=np.int64)
        ids = [f"i{at}" for at in range(len(texts))]
        return ItemsWithReaders(ids, texts, hashes, np.ones(len(texts), dtype=np.int64), readers)

    model = version(5, table=FOR_DAN)
    asked = waiting(["For dan", "For dan", "", ""], ["a", "a", "none", "none"])
    answers = distributions_of(model, asked, k=4, report=lambda *_: None)
    # meanwhile i1 was corrected, i2 got a text, and i4 arrived
    now = waiting(["For dan", "For ann", "For dan", "", "For dan"], ["a", "b", "a", "none", "a"])
    assert place_waiting(model, now, answers, CONFIG).item_ids == ["i0", "i3"]


def test_nothing_waiting_places_nothing() -> None:
    placed = place([], [])
    assert len(placed) == 0
    assert placed.vectors.shape == (0, 4)
    assert placed.counts() == {}


def test_the_tables_that_must_not_move_are_digested_before_and_after() -> None:
    placed = place(["For dan"], [])
    assert placed.fixed_before == placed.fixed_after == fixed_digest(version(5))
    touched = version(5)
    touched.space.users[0, 0] += 1e-7
    assert fixed_digest(touched) != placed.fixed_before
    assert placed.usual_length == pytest.approx(2)  # each warm item is (1, 1, 1, 1)


def test_it_rests_as_it_was(tmp_path: Path) -> None:
    placed = place(["For dan", ""], [(1, 0)])
    placed.save(tmp_path)
    loaded = PlacedItems.load(tmp_path)
    assert np.array_equal(loaded.vectors, placed.vectors)
    for name in (
        "version",
        "item_ids",
        "kinds",
        "text_hashes",
        "n_events",
        "usual_length",
        "fixed_before",
        "fixed_after",
    ):
        assert getattr(loaded, name) == getattr(placed, name)
