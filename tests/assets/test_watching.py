"""A look at a store published by hand: lists, forward metric, drift, all countable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.watch_history import FORWARD
from assets.watching import audience_numbers, look
from data.item_texts import text_hash
from data.readers.dataset import Dataset, Source
from data.store.publication import ModelVersion
from data.store.store import Store
from data.store.vectors import NO_AUDIENCES, Audiences, ItemVectors, UserVectors

USERS = [f"u{at:02d}" for at in range(40)]
ITEMS = [f"i{at:03d}" for at in range(120)]


def events(
    *rows: tuple[str, str], users: list[str] | None = None, items: dict[str, str] | None = None
) -> Dataset:
    columns = list(zip(*rows, strict=True))
    return Dataset(
        "hand",
        users=Source.of_table("users", {"user_id": users or []}),
        items=Source.of_table("items", {"item_id": list(items), "text": list(items.values())})
        if items
        else None,
        interactions=Source.of_table("events", {"user_id": list(columns[0]), "item_id": list(columns[1])}),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Forty users; each has read item u before the snapshot, and its list begins with item 40 + u."""
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as opened:
        texts = {item: f"red cheese and law number {at % 7}" for at, item in enumerate(ITEMS)}
        opened.import_dataset(events(*zip(USERS, ITEMS, strict=False), users=USERS, items=texts))
        row = opened.add_snapshot("0123456789abcdef", protocol="live", watermark=opened.watermark())
        vectors = np.zeros((120, 40), dtype=np.float32)
        vectors[np.arange(40) + 40, np.arange(40)] = 1
        kinds, hashes = ["warm"] * 80 + ["cold"] * 40, [text_hash(t) for t in texts.values()]
        items = ItemVectors(ITEMS, kinds, hashes, vectors, opened.read_items().n_events)
        users = UserVectors(USERS, np.eye(40, dtype=np.float32))
        opened.publish(ModelVersion(1, row.key, "hash", users, items, NO_AUDIENCES), reason="by hand")
        yield opened


def test_audiences_are_counted_where_they_lie(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    people = np.array([USERS[:30], USERS[:30]], dtype=object)  # the last ten are behind the twentieth
    logs = np.log(np.full((2, 30), 0.01))
    users, items = store.read_published(1)
    stored = ModelVersion(2, "key", "hash", users, items, Audiences(ITEMS[80:82], people, logs))
    store.publish(stored, reason="by hand")
    monkeypatch.delattr(Store, "read_audiences")
    numbers = audience_numbers(store, 2, n_users=40)
    assert numbers["audience_share_chosen_at_20"] == pytest.approx(20 / 40)
    assert numbers["audience_gini_at_20"] == pytest.approx(0.5)


def test_before_anything_happens_only_the_lists_are_told(store: Store) -> None:
    numbers = look(store, min_events=1)
    assert numbers["users_in_vocabulary"] == 1
    assert 0 < numbers["item_coverage_at_20"] <= 1
    assert FORWARD not in numbers
    assert "unknown_words" not in numbers


def test_the_forward_recall_is_what_the_lists_found(store: Store) -> None:
    hits = [(user, f"i{40 + at:03d}") for at, user in enumerate(USERS[:30])]
    misses = [(user, "i119") for user in USERS[30:]]
    store.import_dataset(events(*hits, *misses, ("new", "i000"), users=["new"]))
    numbers = look(store, min_events=1)
    assert numbers["forward_users"] == 40
    assert numbers[FORWARD] == pytest.approx(30 / 40)
    assert numbers["forward_hits_of_old_items_at_20"] == 1
    assert numbers["forward_hits_of_new_items_at_20"] == 0
    assert numbers["traffic_in_vocabulary"] == pytest.approx(40 / 41)
    assert numbers["users_in_vocabulary"] == pytest.approx(40 / 41)


def test_new_texts_in_other_words_are_seen(store: Store) -> None:
    def encode(texts: list[str]) -> Any:
        return np.array([["roter" in text, len(text) % 3] for text in texts], dtype=np.float32)

    same = {f"s{at}": f"red cheese and law number {at % 7}" for at in range(60)}
    store.import_dataset(events(("u00", "i100"), items=same))
    quiet = look(store, min_events=1, encode=encode)
    assert (quiet["unknown_words"], quiet["foreign_texts"]) == (0, 0)
    assert quiet["text_distance"] < 0.05
    other = {f"o{at}": f"ein roter Wein {at}" for at in range(240)}
    store.import_dataset(events(("u01", "i101"), items=other))
    drifted = look(store, min_events=1, encode=encode)
    assert drifted["unknown_words"] > 0.3
    assert drifted["foreign_texts"] == pytest.approx(0.8, abs=0.05)
    assert drifted["text_distance"] > quiet["text_distance"] + 0.1


def test_nothing_published_is_refused(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as empty,
        pytest.raises(ValueError, match="nothing is publi"),
    ):
        look(empty, min_events=1)
