from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from data.errors import StoreError
from data.store.connection import connected_engine, masked, parsed_url, reading, told_plainly, writing
from data.store.store import Store
from tests.data.store.worlds import dataset, small


def test_postgresql_is_always_opened_with_psycopg_and_the_password_hidden() -> None:
    for name in ("postgresql", "postgresql+psycopg", "postgresql+psycopg2"):
        url = parsed_url(f"{name}://me:s3cret@host:5433/db")
        assert url.drivername == "postgresql+psycopg"
        assert masked(url) == "postgresql+psycopg://me:***@host:5433/db"
    assert "s3cret" not in masked(parsed_url("postgresql://host/db?user=me&password=s3cret"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url", "the database URL cannot be read. Remedy: write sqlite:///"),
        (
            "mysql://me:s3cret@host/db",
            r"speaks SQLite and PostgreSQL, got 'mysql' in mysql://me:\*\*\*@host/db",
        ),
        ("sqlite://", "the store needs a file, got SQLite in memory"),
        ("sqlite:///:memory:", "the store needs a file, got SQLite in memory"),
        ("sqlite:////no/such/folder/a.db", r"a\.db: no folder /no/such/folder\. Remedy: create it"),
    ],
)
def test_wrong_urls_are_refused_with_the_way_out(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as raised:
        Store.open(url)
    assert "s3cret" not in str(raised.value)


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # a port on which nobody listens
        port = held.getsockname()[1]
        with pytest.raises(
            StoreError, match=rf"127\.0\.0\.1:{port}/db failed: .*check that the server runs"
        ) as raised:
            Store.open(f"postgresql://me:s3cret@127.0.0.1:{port}/db", busy_timeout_s=2)
    assert "s3cret" not in str(raised.value)


def test_a_locked_database_says_who_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "coldcast.db"
    with Store.open(f"sqlite:///{path}", busy_timeout_s=0.05) as store:
        store.import_dataset(small())
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            assert len(store.read_users()) == 3  # readers do not wait
            with pytest.raises(
                StoreError, match=r"coldcast.db failed: database is locked.*another process holds"
            ):
                store.import_dataset(small())
        finally:
            other.close()
        assert store.import_dataset(small()).duplicates == 4


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "coldcast.db"
    path.write_bytes(b"this is not a database, it is a text that is long enough" * 50)
    with pytest.raises(StoreError, match=r"file is not a database.*restore a backup"):
        Store.open(f"sqlite:///{path}")


@pytest.mark.skipif(os.name != "posix", reason="needs a file system limit")
def test_a_full_disk_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as store:
        store.import_dataset(small())
        before = store.watermark()

        def small_disk(connection: sqlite3.Connection, _: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + 1}")

        sa.event.listen(store.engine, "connect", small_disk)
        with pytest.raises(StoreError, match=r"database or disk is full.*free disk space and repeat"):
            store.import_dataset(dataset([f"user {n}" for n in range(5_000)]))
        assert store.watermark() == before


def test_sqlite_is_opened_as_agreed(tmp_path: Path) -> None:
    engine = connected_engine(parsed_url(f"sqlite:///{tmp_path / 'a.db'}"), busy_timeout_s=3)
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 3000}


def test_a_reader_sees_one_state_throughout(store: Store) -> None:
    store.import_dataset(small())
    count = sa.text("SELECT count(*) FROM users")
    with reading(store.engine) as connection:
        assert connection.execute(count).scalar_one() == 3
        store.import_dataset(dataset(["d"]))
        assert connection.execute(count).scalar_one() == 3


def test_a_second_writer_waits_as_long_as_agreed_and_readers_not_at_all(url: str) -> None:
    with Store.open(url) as first, Store.open(url, busy_timeout_s=0.2) as second:
        first.import_dataset(small())
        with writing(first.engine):
            assert len(second.read_users()) == 3
            with pytest.raises(StoreError, match="another process holds the write lock"):
                second.import_dataset(small())
        assert second.import_dataset(small()).duplicates == 4


def test_errors_of_our_own_pass_untouched(store: Store) -> None:
    with pytest.raises(IntegrityError), writing(store.engine) as connection:
        connection.execute(sa.text("INSERT INTO users VALUES (1, '', 0, 0)"))
    with pytest.raises(ZeroDivisionError), told_plainly(store.engine.url):
        raise ZeroDivisionError
