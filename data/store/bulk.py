"""Many rows at once, the fastest way each database has: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

ROWS_AT_ONCE = 50_000  # rows held as Python tuples at a time, about 10 MB
_BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_BINARY_END = b"\xff\xff"

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
    with _copying(connection, f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def copy_arrays(connection: Connection, table: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Send columns of numbers through PostgreSQL's COPY in its binary format, without a Python value each.

    Args:
        connection: In a transaction, with the driver psycopg.
        table: Name of the table.
        columns: Arrays of one length by column name; int64 for a BIGINT, float32 for a REAL.
    """
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, values in columns.items():
        fields += [(f"{name} bytes", ">i4"), (name, values.dtype.newbyteorder(">").str)]
    n_rows = len(next(iter(columns.values())))
    with _copying(connection, f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_BINARY_HEADER)
        for start in range(0, n_rows, ROWS_AT_ONCE):
            block = np.empty(min(ROWS_AT_ONCE, n_rows - start), dtype=fields)
            block["fields"] = len(columns)
            for name, values in columns.items():
                block[f"{name} bytes"] = values.itemsize
                block[name] = values[start : start + ROWS_AT_ONCE]
            copy.write(block.tobytes())
        copy.write(_BINARY_END)


@contextmanager
def _copying(connection: Connection, sql: str) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            yield copy
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
