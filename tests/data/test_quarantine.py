"""A poisoned batch: what is wrong is set aside by name, and everything else goes in."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from data.quarantine import HEADER, Quarantine
from data.readers.files import read_files
from data.store.store import Store
from tests.data.store.conftest import NOW
from tests.data.store.test_importing import events_of
from tests.data.store.worlds import dataset, small

POISON = [  # user_id, item_id, time, weight, reason
    ("", "x", "1", "1", "user_id is empty"),
    ("a" * 501, "x", "1", "1", "user_id has more than 500 characters"),
    ("nobody", "x", "1", "1", "user_id is unknown"),
    ("a", "nothing", "1", "1", "item_id is unknown"),
    ("a", "x", "-5", "1", "time is negative"),
    ("a", "x", str(NOW + 86_400), "1", "time lies in the future"),
    ("a", "x", "soon", "1", "time cannot be read"),
    ("a", "x", "1", "-1", "weight is negative"),
    ("a", "x", "1", "nan", "weight is no finite number"),
    ("a", "x", "1", "much", "weight is no finite number"),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Users a, b, c and items x, y, z."""
    opened = Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}", clock=lambda: NOW)
    opened.import_dataset(small())
    return opened


def write_events(file: Path, rows: list[tuple[str, ...]]) -> Path:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("user_id", "item_id", "time", "weight"), *rows])
    return file


def test_one_percent_of_poison_is_set_aside_with_reasons_and_the_rest_goes_in(
    tmp_path: Path, store: Store
) -> None:
    good = [("abc"[n % 3], "xyz"[n // 3 % 3], str(1000 + n), "1.0") for n in range(990)]
    rows: list[tuple[str, ...]] = list(good)
    places = np.sort(np.random.default_rng(3).choice(990, size=10, replace=False))[::-1]
    for at, one in zip(places.tolist(), POISON, strict=True):
        rows.insert(at, one[:4])
    before = events_of(store)
    events = write_events(tmp_path / "events.csv", rows)
    aside = Quarantine(tmp_path / "aside.csv")
    summary = store.import_dataset(read_files(events, lenient=True), quarantine=aside)
    assert (summary.interactions_added, summary.quarantined) == (990, 10)
    assert events_of(store) == sorted([*before, *((u, i, int(t), float(w)) for u, i, t, w in good)])
    with (tmp_path / "aside.csv").open() as stream:
        header, *held = csv.reader(stream)
    assert tuple(header) == HEADER
    lines = events.read_text().splitlines()
    for row, user, item, _, _, _ in held:
        assert lines[int(row) - 1].split(",")[:2] == [user, item]
    assert sorted(one[-1] for one in held) == sorted(one[-1] for one in POISON)


def test_without_a_quarantine_the_file_is_refused_and_with_it_a_file_that_is_wrong_at_large(
    tmp_path: Path, store: Store
) -> None:
    mostly_wrong = write_events(
        tmp_path / "events.csv", [("a", "x", "77", "1"), *(one[:4] for one in POISON)]
    )
    before = events_of(store)
    with pytest.raises(InputError, match="row 9: time must be unix seconds"):
        store.import_dataset(read_files(mostly_wrong))
    with pytest.raises(InputError, match="10 of 11 rows are wrong, the first because user_id is empty"):
        store.import_dataset(
            read_files(mostly_wrong, lenient=True), quarantine=Quarantine(tmp_path / "aside.csv")
        )
    assert not (tmp_path / "aside.csv").exists()
    assert events_of(store) == before


def test_unknown_ones_are_created_when_asked_for(tmp_path: Path, store: Store) -> None:
    aside = Quarantine(tmp_path / "aside.csv")
    new = dataset(events=[("zoe", "w", 50, 1.0), ("a", "x", -1, 1.0)])
    summary = store.import_dataset(new, create_unknown=True, quarantine=aside)
    assert (summary.interactions_added, summary.quarantined) == (1, 1)


def test_a_quarantine_that_cannot_be_written_imports_nothing(tmp_path: Path, store: Store) -> None:
    before = events_of(store)
    nowhere = Quarantine(tmp_path / "gone" / "aside.csv")
    with pytest.raises(InputError, match="cannot be written"):
        store.import_dataset(
            dataset(events=[("a", "x", 99, 1.0), ("a", "x", -1, 1.0), ("b", "x", 98, 1.0)]),
            quarantine=nowhere,
        )
    assert events_of(store) == before
