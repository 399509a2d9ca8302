"""Files that are wrong, through the command line: named by file, row and remedy, and the store stays as it was."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.store.store import Store
from tests.faults.homes import coldcast, contents_of, refused

ITEMS = "item_id,text\nx,deep graph network\ny,sparse tree kernel\n"
EVENTS = "user_id,item_id,time,weight\na,x,100,1\nb,y,100,1\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two users, two items and two events."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "items.csv").write_text(ITEMS)
    (folder / "events.csv").write_text(EVENTS)
    made = coldcast(
        folder / "home",
        *("import", "files", "--items", folder / "items.csv", "--interactions", folder / "events.csv"),
    )
    assert made.exit_code == 0, made.output
    return folder / "home"


def import_file(home: Path, option: str, file: Path, *more: str) -> str:
    """Import a wrong file; returns the message, having seen that the store is as it was."""
    before = contents_of(home)
    message = refused(coldcast(home, "import", "files", option, file, *more))
    assert contents_of(home) == before
    assert str(file) in message
    return message


@pytest.mark.parametrize(
    ("name", "content", "row", "words"),
    [
        ("cut.csv", b"", None, "the file is empty. Remedy: get the file again"),
        ("column.csv", b"user,item_id\na,x\n", None, "no column 'user_id'; found user, item_id"),
        (
            "latin.csv",
            b"user_id,item_id\na,x\nM\xfcller,y\n",
            3,
            "byte 0xFC at offset 21 is not utf-8",
        ),
        ("cut.jsonl", b'{"user_id": "a", "item_id": "x"}\n{"user_id', 2, "not JSON"),
        ("nan.csv", b"user_id,item_id,weight\na,x,1\na,y,nan\n", 3, "weight must be a finite number"),
        ("minus.csv", b"user_id,item_id,weight\na,x,-2\n", 2, "weight must be a finite number of at least 0"),
        ("minus_time.csv", b"user_id,item_id,time\na,x,-5\n", 2, "time must not be negative, got -5"),
        ("soon.csv", b"user_id,item_id,time\na,x,soon\n", 2, "time must be unix seconds"),
        ("user.csv", b"user_id,item_id\na,x\nzoe,y\n", 3, "zoe"),
        ("item.csv", b"user_id,item_id\na,x\na,zzz\n", 3, "zzz"),
        ("no_id.csv", b"user_id,item_id\na,x\n,y\n", 3, "user_id"),
        ("columns.csv", b"user_id,item_id\na,x\nb,y,z\n", 3, "expected"),
    ],
)
def test_wrong_interactions(
    home: Path, tmp_path: Path, name: str, content: bytes, row: int | None, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    message = import_file(home, "--interactions", file)
    assert words in message
    assert "Remedy:" in message
    assert row is None or f"row {row}" in message


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        ("item_id,text\nz,\n", 2, "the text of item 'z' is empty"),
        ("item_id,text\nz,one\nw,two\nz,three\n", 4, "'z'"),
        ("item_id,title\nz,one\n", None, "no column 'text'"),
    ],
)
def test_wrong_items(home: Path, tmp_path: Path, content: str, row: int | None, words: str) -> None:
    file = tmp_path / "items.csv"
    file.write_text(content)
    message = import_file(home, "--items", file)
    assert words in message
    assert row is None or f"row {row}" in message


def test_a_time_in_the_future_is_refused_and_milliseconds_are_recognised(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "future.csv"
    file.write_text(f"user_id,item_id,time\na,x,{int(time.time()) + 86400}\n")
    assert "row 2" in (message := import_file(home, "--interactions", file))
    assert "lies in the future" in message
    file.write_text(f"user_id,item_id,time\na,x,{int(time.time()) * 1000}\n")
    assert "it looks like milliseconds" in import_file(home, "--interactions", file)


def test_a_truncated_parquet_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    draws = np.random.default_rng(0).integers(9, size=(2, 999))
    pq.write_table(pa.table({"user_id": draws[0], "item_id": draws[1]}), file)
    file.write_bytes(file.read_bytes()[:-20])
    assert "not a complete Parquet file" in import_file(home, "--interactions", file)


def test_a_missing_file_and_a_missing_folder(home: Path, tmp_path: Path) -> None:
    assert "no such file" in import_file(home, "--interactions", tmp_path / "gone.csv")
    message = refused(coldcast(home, "import", "citeulike", "--from", tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in message


def test_a_good_first_half_is_not_kept(home: Path, tmp_path: Path) -> None:
    """New items are right, the events behind them are not: neither comes in."""
    items, events = tmp_path / "items.csv", tmp_path / "events.csv"
    items.write_text("item_id,text\nnew,a new title\n")
    events.write_text("user_id,item_id\na,new\na,gone\n")
    assert "gone" in import_file(home, "--interactions", events, "--items", str(items))


def test_unknown_users_and_items_are_created_when_asked_for(tmp_path: Path) -> None:
    home, events = tmp_path / "home", tmp_path / "events.csv"
    items = tmp_path / "items.csv"
    items.write_text(ITEMS)
    events.write_text("user_id,item_id\nzoe,y\nzoe,zzz\n")
    arguments = ("import", "files", "--items", items, "--interactions", events)
    assert "zzz" in refused(coldcast(home, *arguments))
    done = coldcast(home, *arguments, "--create-unknown")
    assert done.exit_code == 0, done.output
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        assert store.counts()["users"] == 1
        assert sorted(store.read_items().item_ids.tolist()) == ["x", "y", "zzz"]


def test_a_poisoned_batch_goes_on_without_its_poison(tmp_path: Path) -> None:
    """One row in a hundred is absurd: with a quarantine the others go in, without one the file is refused."""
    home, items, events = tmp_path / "home", tmp_path / "items.csv", tmp_path / "events.csv"
    items.write_text(ITEMS)
    rows = [f"u{n},{'xy'[n % 2]},{n + 1}" for n in range(300)]
    rows[50], rows[150], rows[250] = ",x,1", "a,no such item,1", "a,x,99999999999999"
    events.write_text("user_id,item_id,time\n" + "\n".join(rows) + "\n")
    arguments = ("import", "files", "--items", items, "--interactions", events)
    refused(coldcast(home, *arguments))
    done = coldcast(home, *arguments, "--quarantine", tmp_path / "aside.csv")
    assert done.exit_code == 0, done.output
    assert "297 interactions added" in done.output
    assert f"3 interactions set aside, with reasons, in {tmp_path / 'aside.csv'}" in done.output
    assert (tmp_path / "aside.csv").read_text().splitlines() == [
        "row,user_id,item_id,time,weight,reason",
        "52,,x,1,,user_id is empty",
        "152,a,no such item,1,,item_id is unknown",
        "252,a,x,99999999999999,,time lies in the future",
    ]
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        assert store.counts()["interactions"] == 297


def test_long_texts_are_cut_and_counted_and_a_pair_at_another_time_is_an_event(tmp_path: Path) -> None:
    home, items, events = tmp_path / "home", tmp_path / "items.csv", tmp_path / "events.csv"
    items.write_text(f"item_id,text\nx,{'a ' * 50_000}\n")
    events.write_text("user_id,item_id,time\na,x,100\na,x,200\na,x,200\n")
    done = coldcast(home, "import", "files", "--items", items, "--interactions", events)
    assert done.exit_code == 0, done.output
    assert "1 texts cut to the limit" in done.output
    assert "2 interactions added" in done.output
    assert "1 interactions were known already" in done.output
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        assert 0 < len(store.read_items().texts[0]) < 100_000
