"""A database or an MLflow that is away, locked or full: told by name, without the password, nothing half-written."""

from __future__ import annotations

import resource
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.store.store import Store
from tests.faults.homes import RETRAIN, WORLD, coldcast, contents_of, refused, run_states

SECRET = "correct-horse"


@pytest.fixture
def closed_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a small world in its store."""
    assert coldcast(tmp_path / "home", *WORLD).exit_code == 0
    return tmp_path / "home"


def test_an_unreachable_database_is_named_without_its_password(
    tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://ann:{SECRET}@127.0.0.1:{closed_port}/coldcast"
    monkeypatch.setenv("COLDCAST_DATABASE_URL", url)
    for arguments in (WORLD, RETRAIN, ("status",), ("place",)):
        message = refused(coldcast(tmp_path / "home", *arguments))
        assert f"127.0.0.1:{closed_port}" in message
        assert "check that the server runs" in message
        assert SECRET not in message


def more(folder: Path) -> tuple[str, ...]:
    """An import of further users and items."""
    items, interactions = folder / "items.csv", folder / "interactions.csv"
    items.write_text("item_id,text\n" + "".join(f"more-{n},title {n}\n" for n in range(2000)))
    rows = (f"more-{n % 97},more-{n % 2000},{1_700_000_000 + n}\n" for n in range(20_000))
    interactions.write_text("user_id,item_id,time\n" + "".join(rows))
    given = ("--items", str(items), "--interactions", str(interactions), "--create-unknown")
    return "import", "files", *given


def test_a_locked_database_is_told_and_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents_of(home)
    monkeypatch.setitem(Store.open.__func__.__kwdefaults__, "busy_timeout_s", 0.2)  # type: ignore[attr-defined]
    with closing(sqlite3.connect(home / "coldcast.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        message = refused(coldcast(home, *more(home.parent)))
        other.execute("ROLLBACK")
    assert "another process holds the write lock" in message
    assert str(home / "coldcast.db") in message
    assert contents_of(home) == before


def test_a_database_that_is_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "coldcast.db").write_bytes(b"no database at all" * 999)
    message = refused(coldcast(home, "status"))
    assert "no intact SQLite database" in message
    assert (home / "coldcast.db").read_bytes().startswith(b"no database")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    result = coldcast(tmp_path / "home", "status")
    assert result.exit_code in (1, 2)
    assert "file" in result.output
    assert "Traceback" not in result.output


def test_a_disk_without_room_keeps_the_store_as_it_was(home: Path) -> None:
    """Files may not grow: what SQLite then reports is what it reports on a full disk."""
    before, command = contents_of(home), more(home.parent)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        message = refused(coldcast(home, *command))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free disk space" in message.lower()
    assert contents_of(home) == before


@pytest.mark.slow
def test_an_mlflow_that_is_away_stops_a_retrain_by_name(
    home: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget of retries is a setting, so that this takes no minute; the password is not told."""
    monkeypatch.setenv("COLDCAST_MLFLOW_URL", f"http://ann:{SECRET}@127.0.0.1:{closed_port}")
    monkeypatch.setenv("COLDCAST_MLFLOW_RETRY_SECONDS", "0.5")
    message = refused(coldcast(home, *RETRAIN))
    assert f"http://ann:***@127.0.0.1:{closed_port} did not answer" in message
    assert SECRET not in message
    assert run_states(home) == ["FAILURE"]
    shown = coldcast(home, "status")
    assert shown.exit_code == 0
    assert "nothing yet" in shown.output
    assert SECRET not in shown.output


def test_a_budget_that_is_no_number(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCAST_MLFLOW_RETRY_SECONDS", "soon")
    assert "COLDCAST_MLFLOW_RETRY_SECONDS must be a positive number" in refused(coldcast(home, "status"))
