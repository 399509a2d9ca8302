from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.errors import InputError
from data.readers.dataset import Dataset, Source
from data.readers.files import read_files
from data.store import importing
from data.store.importing import ImportProgress
from data.store.store import Store
from tests.data.store.conftest import NOW
from tests.data.store.worlds import dataset, small


def events_of(store: Store) -> list[tuple[str, str, int, float]]:
    """All events by id, sorted."""
    world = store.read_world()
    pairs = world.event_pairs()
    return sorted(
        (world.users.user_ids[u], world.items.item_ids[i], t, w)
        for (u, i), t, w in zip(
            pairs.tolist(), world.events.times.tolist(), world.events.weights.tolist(), strict=True
        )
    )


def test_a_small_world_comes_back_as_it_went_in(store: Store) -> None:
    summary = store.import_dataset(small())
    assert (summary.users_added, summary.items_added, summary.interactions_added) == (3, 3, 4)
    assert events_of(store) == [
        ("a", "x", 10, 1.0),
        ("a", "x", 20, 2.0),
        ("a", "y", 5, 0.5),
        ("b", "y", 30, 3.0),
    ]
    world = store.read_world()
    assert world.users.user_ids.tolist() == ["a", "b", "c"]
    assert world.users.n_events.tolist() == [3, 1, 0]
    assert world.items.n_events.tolist() == [2, 2, 0]
    assert world.items.texts.tolist() == ["An X", "A Y", "A Z"]
    assert set(world.items.created_at.tolist()) == {NOW}
    assert world.watermark.as_dict() == {
        "interaction_key": 4, "item_revision": 1, "n_users": 3, "n_items": 3, "n_interactions": 4,
    }  # fmt: skip
    assert store.counts() == {
        "users": 3, "items": 3, "items_without_interactions": 1, "interactions": 4, "user_tokens": 0,
    }  # fmt: skip


def test_the_same_again_changes_nothing(store: Store) -> None:
    store.import_dataset(small())
    before = store.watermark()
    summary = store.import_dataset(small())
    assert (summary.interactions_added, summary.duplicates, summary.users_added, summary.items_changed) == (
        0,
        4,
        0,
        0,
    )
    assert store.watermark() == before


def test_the_same_pair_at_another_time_is_kept_and_a_repeat_in_the_file_counted(store: Store) -> None:
    store.import_dataset(small())
    summary = store.import_dataset(
        dataset(events=[("a", "x", 10, 9.0), ("a", "x", 40, 1.0), ("a", "x", 40, 7.0), ("c", "z", 1, 1.0)])
    )
    assert (summary.interactions_added, summary.duplicates) == (2, 2)
    assert [event for event in events_of(store) if event[:2] == ("a", "x")] == [
        ("a", "x", 10, 1.0),  # the stored weight stays
        ("a", "x", 20, 2.0),
        ("a", "x", 40, 1.0),  # the first of equals in the file
    ]
    assert store.read_users().n_events.tolist() == [4, 1, 1]
    assert store.read_items().n_events.tolist() == [3, 2, 1]
    assert store.counts()["items_without_interactions"] == 0


def test_keys_follow_arrival_and_stay(store: Store) -> None:
    store.import_dataset(dataset(["b", "a"], {"y": "Y"}, []))
    store.import_dataset(dataset(["c", "a"], {"x": "X", "y": "Y"}, []))
    users, items = store.read_users(), store.read_items()
    assert dict(zip(users.user_ids, users.user_keys, strict=True)) == {"b": 1, "a": 2, "c": 3}
    assert dict(zip(items.item_ids, items.item_keys, strict=True)) == {"y": 1, "x": 2}


def test_a_changed_text_changes_hash_and_revision_but_not_the_key(store: Store) -> None:
    store.import_dataset(small())
    before, mark = store.read_items(), store.watermark()
    summary = store.import_dataset(dataset(items={"y": "Another Y", "z": "A Z"}))
    after = store.read_items()
    assert (summary.items_changed, summary.items_added) == (1, 0)
    assert after.texts.tolist() == ["An X", "Another Y", "A Z"]
    assert (after.text_hashes != before.text_hashes).tolist() == [False, True, False]
    assert after.item_keys.tolist() == before.item_keys.tolist()
    assert after.n_events.tolist() == before.n_events.tolist()
    assert store.watermark().item_revision == mark.item_revision + 1


def attributes_of(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        return [
            row[0] for row in connection.exec_driver_sql("SELECT attributes FROM items ORDER BY item_key")
        ]


def test_changed_attributes_are_stored_without_a_new_revision(store: Store) -> None:
    def items(year: int) -> Dataset:
        held = {"item_id": ["x"], "text": ["X"], "attributes": [json.dumps({"year": year})]}
        return Dataset("hand", items=Source.of_table("items", held))

    store.import_dataset(items(1999))
    mark = store.watermark()
    store.import_dataset(items(2000))
    assert attributes_of(store) == ['{"year": 2000}']
    assert store.watermark() == mark


def test_unknown_users_and_items_are_refused_by_name(store: Store) -> None:
    store.import_dataset(small())
    before = store.watermark()
    with pytest.raises(InputError, match=r"events, row 2: unknown user_id 'q'.*--create-unknown"):
        store.import_dataset(dataset(events=[("a", "x", 90, 1.0), ("q", "x", 1, 1.0)]))
    with pytest.raises(InputError, match=r"events, row 1: unknown item_id 'w'.*list it in --items"):
        store.import_dataset(dataset(events=[("a", "w", 1, 1.0)]))
    assert store.watermark() == before


def test_unknown_ones_are_created_when_asked_for(store: Store) -> None:
    store.import_dataset(small())
    summary = store.import_dataset(
        dataset(events=[("q", "w", 1, 1.0), ("a", "w", 2, 1.0)]), create_unknown=True
    )
    assert (summary.unknown_users_created, summary.unknown_items_created) == (1, 1)
    assert summary.warnings == ["1 items have no text; import one to place them"]
    assert store.read_items().texts.tolist()[-1] == ""
    given = store.import_dataset(dataset(items={"w": "Now a W"}))
    assert (given.items_changed, store.read_items().texts.tolist()[-1]) == (1, "Now a W")


def test_a_first_import_takes_users_from_the_events_and_later_ones_do_not(store: Store) -> None:
    summary = store.import_dataset(dataset(items={"x": "X"}, events=[("b", "x", 1, 1.0), ("a", "x", 1, 1.0)]))
    assert (summary.users_added, summary.unknown_users_created) == (2, 0)
    assert store.read_users().user_ids.tolist() == ["b", "a"]
    with pytest.raises(InputError, match="unknown user_id 'c'"):
        store.import_dataset(dataset(events=[("c", "x", 1, 1.0)]))
    implied = dataset(events=[("c", "x", 1, 1.0)], implied_users=True)
    assert store.import_dataset(implied).users_added == 1


def test_an_id_twice_in_a_list_is_refused_with_both_rows(store: Store) -> None:
    with pytest.raises(
        InputError, match=r"users, row 3: user_id 'a' stands twice, first in row 1\. Remedy: keep"
    ):
        store.import_dataset(dataset(["a", "b", "a"]))
    twice = Source.of_table("items", {"item_id": ["x", "x"], "text": ["1", "2"]})
    with pytest.raises(InputError, match=r"items, row 2: item_id 'x' stands twice, first in row 1"):
        store.import_dataset(Dataset("hand", items=twice))
    assert store.counts()["items"] == 0


def test_long_texts_are_cut_and_counted(store: Store) -> None:
    summary = store.import_dataset(dataset(items={"x": "é" * 100_000, "y": "short"}), text_limit=50)
    assert summary.truncated_texts == 1
    assert summary.warnings == ["items: 1 texts were cut to 50 characters"]
    assert store.read_items().texts.tolist() == ["é" * 50, "short"]


def test_a_text_limit_keeps_something(store: Store) -> None:
    with pytest.raises(ValueError, match="text_limit must be at least 1 character, got 0"):
        store.import_dataset(small(), text_limit=0)


def test_attributes_must_be_a_json_object(store: Store) -> None:
    held = {"item_id": ["x", "y"], "text": ["X", "Y"], "attributes": ['{"a": 1}', "[1]"]}
    with pytest.raises(InputError, match=r"items, row 2: attributes must be a JSON object, got '\[1\]'"):
        store.import_dataset(Dataset("hand", items=Source.of_table("items", held)))


def test_a_file_broken_half_way_leaves_the_store_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "FLUSH_ROWS", 1_000)  # so that rows are written before the broken one
    store.import_dataset(small())
    before, events = store.watermark(), events_of(store)
    rng = np.random.default_rng(3)
    lines = [f"{u},{i},{t},1" for u, i, t in zip(*rng.integers(1, 400, (3, 20_000)).tolist(), strict=True)]
    broken = tmp_path / "interactions.csv"
    broken.write_text("user_id,item_id,time,weight\n" + "\n".join(lines) + "\n17,4")
    parts: list[ImportProgress] = []
    with pytest.raises(
        InputError, match=rf"{re.escape(str(broken))}, row 20002: expected 4 fields, got 2: '17,4'"
    ):
        store.import_dataset(read_files(broken), create_unknown=True, on_progress=parts.append)
    assert store.watermark() == before
    assert events_of(store) == events


def test_a_reader_that_fails_after_rows_were_written_leaves_the_store_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "FLUSH_ROWS", 10)
    store.import_dataset(small())
    before = store.watermark()

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, 100, 10):
            times = list(range(start + 1, start + 11))
            yield pa.RecordBatch.from_pydict({"user_id": ["c"] * 10, "item_id": ["z"] * 10, "time": times})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.import_dataset(Dataset("hand", interactions=Source("events", batches)))
    assert store.watermark() == before


def test_progress_counts_every_record(store: Store) -> None:
    told: list[ImportProgress] = []
    store.import_dataset(small(), on_progress=told.append)
    assert told == [
        ImportProgress("users", 3, 3), ImportProgress("items", 3, 3), ImportProgress("interactions", 4, 4),
    ]  # fmt: skip


def test_foreign_keys_and_uniqueness_hold_in_the_database_itself(tmp_path: Path) -> None:
    path = tmp_path / "coldcast.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.import_dataset(small())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys=ON")
    try:
        insert = "INSERT INTO interactions VALUES (?, ?, ?, ?, ?)"
        for row, reason in [
            ((9, 99, 1, 1, 1.0), "FOREIGN KEY"),
            ((9, 1, 1, 10, 1.0), "UNIQUE"),
            ((9, 1, 1, 11, -1.0), "weight_not_negative"),
            ((9, 1, 1, -1, 1.0), "time_not_negative"),
        ]:
            with pytest.raises(sqlite3.IntegrityError, match=reason):
                connection.execute(insert, row)
    finally:
        connection.close()
