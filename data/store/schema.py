"""The schema's version: creates it, migrates it, refuses one that is newer than this code."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from data.errors import StoreError
from data.store.connection import masked
from data.tables import POSTGRES_SCHEMA, VERSION_TABLE, metadata

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


def newest_revision() -> str:
    """Return the schema revision this code was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError(f"no migrations in {MIGRATIONS}")
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the connected database, None where it has no schema of ours yet."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def migrate(connection: Connection) -> list[str]:
    """Bring the schema to :func:`newest_revision` inside the connection's transaction.

    Returns:
        The revisions applied, oldest first; empty where nothing was to be done.

    Raises:
        StoreError: If the database has a newer schema, or tables of ours without a revision.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.schema.CreateSchema(POSTGRES_SCHEMA, if_not_exists=True))
    current = current_revision(connection)
    pending = pending_revisions(connection, current)
    if not pending:
        return []
    if current is None:
        _require_no_foreign_tables(connection)
    command.upgrade(_config(connection), "head")
    return pending


def pending_revisions(connection: Connection, current: str | None) -> list[str]:
    """List the revisions between ``current`` and the newest, oldest first.

    Raises:
        StoreError: If ``current`` is unknown to this code, so was written by a newer one.
    """
    known = known_revisions(MIGRATIONS)
    if current is None:
        return list(known)
    if current not in known:
        raise StoreError(
            f"the database {masked(connection.engine.url)} has schema revision {current!r}, this coldcast "
            f"knows only up to {known[-1]!r}. Remedy: upgrade coldcast, or use another database"
        )
    return list(known[known.index(current) + 1 :])


@cache
def known_revisions(folder: Path) -> tuple[str, ...]:
    """List the revisions in a folder, oldest first; read once in a process, since every opening asks."""
    script = ScriptDirectory.from_config(_config(folder=folder))
    return tuple(revision.revision for revision in script.walk_revisions())[::-1]


def require_newest(connection: Connection) -> None:
    """Refuse a database that is not exactly at :func:`newest_revision`.

    Raises:
        StoreError: If it is older (the remedy is to migrate) or newer (to upgrade the code).
    """
    current = current_revision(connection)
    pending = pending_revisions(connection, current)
    if pending:
        raise StoreError(
            f"the database {masked(connection.engine.url)} has schema revision {current!r}, this coldcast "
            f"needs {pending[-1]!r}. Remedy: run `coldcast migrate`"
        )


def _require_no_foreign_tables(connection: Connection) -> None:
    found = sorted(set(sa.inspect(connection).get_table_names()) & set(metadata.tables))
    if found:
        raise StoreError(
            f"the database {masked(connection.engine.url)} has tables named {', '.join(found)} that coldcast "
            "did not create. Remedy: give coldcast a database of its own"
        )


def _config(connection: Connection | None = None, *, folder: Path = MIGRATIONS) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
