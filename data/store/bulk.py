"""Many rows at once, the fastest way each database has: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

ROWS_AT_ONCE = 50_000  # rows held as Python tuples at a time, about 10 MB

Row = tuple[Any, ...]


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows; a violated constraint raises and the caller's transaction rolls back.

    Args:
        connection: In a transaction.
        table: Name of the table.
        columns: Names of the columns, in the order of the values in each row.
        rows: Tuples of plain Python values.
    """
    if connection.dialect.name == "postgresql":
        copy_rows(connection, table, columns, rows)
        return
    marks = ", ".join("?" * len(columns))
    change_rows(connection, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def change_rows(connection: Connection, sqlite_sql: str, rows: Iterable[Row]) -> int:
    """Run one statement, written with ``?`` marks, once per row; return how many rows it changed in all."""
    sql = sqlite_sql if connection.dialect.name == "sqlite" else sqlite_sql.replace("?", "%s")
    changed = 0
    for chunk in _chunks(rows):
        changed += connection.exec_driver_sql(sql, chunk).rowcount
    return changed


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Send rows through PostgreSQL's COPY; needs the driver psycopg."""
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except errors as error:
        # What SQLAlchemy does for statements it runs itself, so that both ways fail alike.
        raise DBAPIError.instance(sql, None, error, errors, dialect=connection.dialect) from error


def rows_of(*columns: NDArray[Any] | Sequence[Any]) -> Iterator[Row]:
    """Turn columns of equal length into rows of plain Python values, a chunk at a time."""
    for start in range(0, len(columns[0]), ROWS_AT_ONCE):
        parts = [column[start : start + ROWS_AT_ONCE] for column in columns]
        yield from zip(
            *(part.tolist() if isinstance(part, np.ndarray) else part for part in parts), strict=True
        )


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, ROWS_AT_ONCE)):
        yield chunk
