from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.errors import StoreError
from data.store.connection import reading, writing
from data.store.schema import migrate, newest_revision, require_newest
from data.store.store import Store
from data.tables import VERSION_TABLE, metadata
from tests.data.store.worlds import small

NEWEST = "0005"
UNDONE = (  # from the newest revision back to 0001
    "ALTER TABLE model_versions DROP COLUMN edition",
    "DROP TABLE erasures",
    "DROP TABLE provisional_users",
    "ALTER TABLE item_vectors DROP COLUMN n_events",
    "DROP INDEX ix_interactions_item_key",
)


def test_an_empty_database_gets_every_table_and_opening_again_changes_nothing(url: str) -> None:
    with Store.open(url) as store:
        assert store.schema_revision() == newest_revision() == NEWEST
        assert set(sa.inspect(store.engine).get_table_names()) == {*metadata.tables, VERSION_TABLE}
        store.import_dataset(small())
    with Store.open(url) as store:
        assert store.counts()["users"] == 3
        with writing(store.engine) as connection:
            assert migrate(connection) == []


def test_the_migrations_make_what_the_tables_say(store: Store) -> None:
    with reading(store.engine) as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_an_older_store_is_brought_up_to_date_with_all_it_holds(url: str) -> None:
    with Store.open(url) as store:
        store.import_dataset(small())
        before = store.counts()
        with writing(store.engine) as connection:  # as revision 0001 left it
            for undo in UNDONE:
                connection.execute(sa.text(undo))
            connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    with pytest.raises(StoreError, match=rf"schema revision '0001', this coldcast needs '{NEWEST}'"):
        Store.open(url, migrate=False)
    with Store.open(url) as store:
        assert (store.schema_revision(), store.counts()) == (NEWEST, before)
        assert "ix_interactions_item_key" in indexes(store)


def indexes(store: Store) -> list[str | None]:
    """Names of the indexes on the interactions."""
    return [one["name"] for one in sa.inspect(store.engine).get_indexes("interactions")]


def test_who_had_an_item_is_found_without_reading_every_interaction(tmp_path: Path) -> None:
    query = sa.text("EXPLAIN QUERY PLAN SELECT user_key FROM interactions WHERE item_key = 1")
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as store:
        for _ in range(2):  # before a first import, which makes the index anew, and after it
            with reading(store.engine) as connection:
                (plan,) = [row[3] for row in connection.execute(query)]
                assert "USING INDEX ix_interactions_item_key" in plan
            store.import_dataset(small())


def test_an_import_that_fails_leaves_the_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> int:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("data.store.interactions.change_rows", fail)
        patched.setattr("data.store.interactions.copy_arrays", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            store.import_dataset(small())
    assert "ix_interactions_item_key" in indexes(store)


def test_a_newer_schema_is_refused(url: str) -> None:
    with Store.open(url) as store, writing(store.engine) as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))
    message = (
        rf"has schema revision '0999', this coldcast knows only up to '{NEWEST}'. Remedy: upgrade coldcast"
    )
    for asked in (True, False):
        with pytest.raises(StoreError, match=message):
            Store.open(url, migrate=asked)


def test_without_migration_an_empty_database_is_refused_with_the_command(url: str) -> None:
    with pytest.raises(
        StoreError, match=rf"schema revision None, this coldcast needs '{NEWEST}'.*coldcast migrate"
    ):
        Store.open(url, migrate=False)
    Store.open(url).close()
    with Store.open(url, migrate=False) as store, reading(store.engine) as connection:
        require_newest(connection)


def test_somebody_elses_tables_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE users (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match=r"has tables named users that coldcast did not create.*of its own"):
        Store.open(f"sqlite:///{path}")
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    assert sa.inspect(engine).get_table_names() == ["users"]


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'coldcast.db'}"

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            Store.open(url)
    assert sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names() == []
    Store.open(url).close()
