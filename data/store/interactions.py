"""Interactions: events by integer keys, written in bulk, read back as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.store.bulk import change_rows, copy_arrays, rows_of
from data.store.users_items import max_revision
from data.tables import interactions, items, users

READ_ROWS = 65_536  # rows fetched at a time; as Python tuples about 15 MB


@dataclass(frozen=True, eq=False)
class EventTable:
    """N events by integer keys, in interaction_key order.

    Args:
        user_keys: Shape (N,), int64.
        item_keys: Shape (N,), int64.
        times: Unix seconds, 0 where unknown, shape (N,), int64.
        weights: Shape (N,), float32.
    """

    user_keys: NDArray[np.int64]
    item_keys: NDArray[np.int64]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.user_keys)


@dataclass(frozen=True)
class Watermark:
    """How far the store has got; two equal watermarks mean that nothing was imported in between.

    Args:
        interaction_key: Of the newest event, 0 without events.
        item_revision: Rises with every import that adds an item or changes a text.
        n_users, n_items, n_interactions: Rows.
    """

    interaction_key: int
    item_revision: int
    n_users: int
    n_items: int
    n_interactions: int

    def as_dict(self) -> dict[str, int]:
        """Return the five numbers by name, for a manifest or a cursor."""
        return dict(vars(self))


def read_watermark(connection: Connection) -> Watermark:
    """Read how far the store has got; cheap at any size, since nothing counts the events one by one."""
    n_users, n_interactions = connection.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(users.c.n_events), 0)).select_from(users)
    ).one()
    n_items = connection.execute(sa.select(sa.func.count()).select_from(items)).scalar_one()
    return Watermark(
        interaction_key=max_interaction_key(connection),
        item_revision=max_revision(connection),
        n_users=int(n_users),
        n_items=int(n_items),
        n_interactions=int(n_interactions),
    )


def max_interaction_key(connection: Connection) -> int:
    """Return the key of the newest event, 0 without events."""
    newest = sa.func.coalesce(sa.func.max(interactions.c.interaction_key), 0)
    return int(connection.execute(sa.select(newest)).scalar_one())


def read_events(connection: Connection, up_to: int) -> EventTable:
    """Read all events with interaction_key <= ``up_to``; takes 28 bytes an event and a small chunk more."""
    keys = interactions.c.interaction_key
    n = int(connection.execute(sa.select(sa.func.count()).where(keys <= up_to)).scalar_one())
    table = EventTable(
        user_keys=np.empty(n, dtype=np.int64),
        item_keys=np.empty(n, dtype=np.int64),
        times=np.empty(n, dtype=np.int64),
        weights=np.empty(n, dtype=np.float32),
    )
    columns = (
        keys,
        interactions.c.user_key,
        interactions.c.item_key,
        interactions.c.time,
        interactions.c.weight,
    )
    page = (
        sa.select(*columns).where(keys > sa.bindparam("after"), keys <= up_to).order_by(keys).limit(READ_ROWS)
    )
    at, after = 0, 0
    while at < n:
        # Plain tuples of the driver: SQLAlchemy's rows would cost half as much again. A page at a time keeps
        # the rows of a whole table out of memory, which PostgreSQL's driver would else gather first.
        cursor = connection.execute(page, {"after": after}).cursor
        if cursor is None:
            raise AssertionError("a SELECT always has a cursor")
        rows = cursor.fetchall()
        # Every value is below 2**53, so one array of doubles holds all five columns exactly.
        block = np.fromiter(chain.from_iterable(rows), dtype=np.float64, count=5 * len(rows)).reshape(-1, 5)
        part = slice(at, at + len(rows))
        table.user_keys[part], table.item_keys[part] = block[:, 1], block[:, 2]
        table.times[part], table.weights[part] = block[:, 3], block[:, 4]
        at, after = at + len(rows), int(block[-1, 0])
    return table


@contextmanager
def _items_indexed_afterwards(connection: Connection, *, wanted: bool) -> Iterator[None]:
    """Sort many rows by item once, at the end, instead of each into its place; undone with the transaction."""
    indexes = interactions.indexes if wanted else ()
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def add_events(connection: Connection, events: EventTable, *, first_key: int) -> int:
    """Add events; one with the (user, item, time) of a stored one is left out.

    Args:
        connection: In a writing transaction.
        events: Among which no (user, item, time) stands twice; sorted ones go in fastest.
        first_key: One above the highest interaction_key.

    Returns:
        How many were added.
    """
    columns: dict[str, NDArray[Any]] = {
        "interaction_key": np.arange(first_key, first_key + len(events), dtype=np.int64),
        "user_key": events.user_keys,
        "item_key": events.item_keys,
        "time": events.times,
        "weight": events.weights,
    }
    listed = ", ".join(columns)
    on_conflict = "ON CONFLICT (user_key, item_key, time) DO NOTHING"
    if connection.dialect.name != "postgresql":
        sql = f"INSERT INTO interactions ({listed}) VALUES (?, ?, ?, ?, ?) {on_conflict}"
        with _items_indexed_afterwards(connection, wanted=len(events) >= first_key):
            return change_rows(connection, sql, rows_of(*columns.values()))
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE IF NOT EXISTS staged ON COMMIT DROP "
        f"AS SELECT {listed} FROM interactions LIMIT 0"
    )
    copy_arrays(connection, "staged", columns)
    added = connection.exec_driver_sql(
        f"INSERT INTO interactions ({listed}) SELECT {listed} FROM staged "
        f"ORDER BY interaction_key {on_conflict}"
    ).rowcount
    connection.exec_driver_sql("TRUNCATE staged")
    return added


def count_new_events(connection: Connection, *, after: int) -> None:
    """Add the events with interaction_key > ``after`` to the counts of their users and items."""
    for table, key, event_key in (
        (users, users.c.user_key, interactions.c.user_key),
        (items, items.c.item_key, interactions.c.item_key),
    ):
        fresh = (
            sa.select(event_key.label("key"), sa.func.count().label("n"))
            .where(interactions.c.interaction_key > after)
            .group_by(event_key)
            .subquery()
        )
        grown = table.c.n_events + fresh.c.n
        connection.execute(sa.update(table).values(n_events=grown).where(key == fresh.c.key))
