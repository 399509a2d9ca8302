"""Connections: one engine per store, its transactions, and database failures told in plain words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, TimeoutError

from data.errors import StoreError
from data.tables import POSTGRES_SCHEMA

BUSY_TIMEOUT_S = 30.0  # an import of a million rows holds the write lock for about ten seconds
WRITE_LOCK = 0x436F6C64  # advisory lock on PostgreSQL, so that one writer at a time counts keys onward

_BEGIN = "coldcast_begin"


def parsed_url(url: str) -> URL:
    """Read a database URL; ``postgresql`` with any driver is opened with psycopg.

    Raises:
        StoreError: If it is no URL, names another database, or an SQLite database in memory.
    """
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "the database URL cannot be read. Remedy: write sqlite:////absolute/path/coldcast.db "
            "or postgresql://user:password@host/database, with special characters percent-encoded"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StoreError(
                "the store needs a file, got SQLite in memory. Remedy: sqlite:///path/coldcast.db"
            )
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(
        f"the store speaks SQLite and PostgreSQL, got {backend!r} in {masked(parsed)}. "
        "Remedy: use sqlite:///path/coldcast.db or postgresql://user:password@host/database"
    )


def masked(url: URL) -> str:
    """Render a URL for people to read, its password hidden wherever it stands."""
    if "password" in url.query:
        url = url.update_query_dict({"password": "***"})
    return url.render_as_string(hide_password=True)


def connected_engine(url: URL, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Make the engine: WAL, foreign keys and a bounded wait on SQLite, a schema of its own on PostgreSQL.

    Args:
        url: From :func:`parsed_url`.
        busy_timeout_s: Seconds to wait for another writer; on PostgreSQL also, at least 2, for the server's
            answer to a connection.

    Returns:
        An engine that has not connected yet.

    Raises:
        StoreError: If the driver is not installed, or the folder of the SQLite file does not exist.
    """
    if url.get_backend_name() == "sqlite":
        folder = Path(str(url.database)).parent
        if not folder.is_dir():
            raise StoreError(
                f"cannot open {masked(url)}: no folder {folder}. Remedy: create it, or correct the path"
            )
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": busy_timeout_s})
        sa.event.listen(engine, "connect", _prepare_sqlite)
    else:
        # Dagster and MLflow have tables of the same names; a schema of our own lets all share one database.
        arguments = {
            "options": f"-csearch_path={POSTGRES_SCHEMA} -clock_timeout={max(1, round(1000 * busy_timeout_s))}",
            "connect_timeout": max(2, int(busy_timeout_s)),
        }
        try:
            engine = sa.create_engine(url, pool_pre_ping=True, pool_size=2, connect_args=arguments)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise StoreError(
                f"{masked(url)} needs the driver psycopg. Remedy: pip install 'coldcast[postgres]'"
            ) from error
    sa.event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the database throughout.

    Raises:
        StoreError: If the database cannot be reached or read.
    """
    level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with told_plainly(engine.url), engine.connect() as connection:
        connection = connection.execution_options(**level)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open the transaction of the only writer; it commits whole, or not at all.

    Raises:
        StoreError: If the database cannot be reached, is locked beyond the timeout, or is full.
    """
    with told_plainly(engine.url), engine.connect() as connection:
        connection = connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITE_LOCK)))
            yield connection


@contextmanager
def told_plainly(url: URL) -> Iterator[None]:
    """Turn failures of the database itself into :class:`StoreError`; errors of our code pass untouched."""
    try:
        yield
    except (DBAPIError, TimeoutError, sqlite3.DatabaseError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        told = _told(str(original), url)
        if told is None:
            raise
        raise told from error


_REMEDIES = (  # (pattern of the driver's message, what a person can do)
    (
        r"is locked|lock timeout|could not obtain lock",
        "another process holds the write lock; wait for its import or publication to end, and repeat",
    ),
    (
        r"unable to open database file|read-?only",
        "check that the folder exists and that file and folder are writable for this user",
    ),
    (
        r"is not a database|malformed",
        "the file is no intact SQLite database; give another path or restore a backup",
    ),
    (
        r"disk is full|no space left|could not extend file|disk i/o error",
        "free disk space and repeat; nothing was written",
    ),
    (
        r"password|(database|role|user) \S+ does not exist|pg_hba\.conf|permission denied",
        "check user, password, database name and rights in the URL",
    ),
    (
        r"connect|timed? ?out|translate host name|resolve|server closed|starting up|shutting down",
        "check that the server runs and that host and port in the URL are right",
    ),
)


def _told(message: str, url: URL) -> StoreError | None:
    reason = " ".join(message.split())
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, reason, re.IGNORECASE):
            for secret in (url.password, url.query.get("password")):
                if isinstance(secret, str) and secret:
                    reason = reason.replace(secret, "***")
            return StoreError(f"the database {masked(url)} failed: {reason}. Remedy: {remedy}")
    return None


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, not where sqlite3 guesses
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=NORMAL",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
