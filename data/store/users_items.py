"""Users and items: their rows, their keys, and which of them wait for something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.item_texts import text_hash
from data.store.bulk import change_rows, insert_rows, rows_of
from data.tables import item_vectors, items, user_vectors, users

GROWTH = 1.25  # a placed item is placed again when it has more than so many times the events it had then


@dataclass(frozen=True, eq=False)
class UserTable:
    """All U users in user_key order (the order of arrival).

    Args:
        user_keys: Shape (U,), int64, rising.
        user_ids: Shape (U,), object holding ``str``.
        created_at: Shape (U,), int64 unix seconds.
        n_events: Events of each user, shape (U,), int64.
    """

    user_keys: NDArray[np.int64]
    user_ids: NDArray[np.object_]
    created_at: NDArray[np.int64]
    n_events: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user_keys)


@dataclass(frozen=True, eq=False)
class ItemTable:
    """All, or some, items in item_key order (the order of arrival).

    Args:
        item_keys: Shape (I,), int64, rising.
        item_ids: Shape (I,), object holding ``str``.
        texts: Shape (I,), object holding ``str``; empty where an item was created without one.
        text_hashes: Shape (I,), object holding the hex SHA-256 of each text.
        created_at: Shape (I,), int64 unix seconds.
        n_events: Events of each item, shape (I,), int64.
        revisions: Of each item's text, shape (I,), int64; larger after every change, also back to an earlier text.
    """

    item_keys: NDArray[np.int64]
    item_ids: NDArray[np.object_]
    texts: NDArray[np.object_]
    text_hashes: NDArray[np.object_]
    created_at: NDArray[np.int64]
    n_events: NDArray[np.int64]
    revisions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.item_keys)


def read_users(connection: Connection) -> UserTable:
    """Read every user."""
    rows = connection.execute(sa.select(*_USER_COLUMNS).order_by(users.c.user_key)).all()
    keys, ids, created_at, n_events = _columns(rows, 4)
    return UserTable(_int64(keys), _object(ids), _int64(created_at), _int64(n_events))


def read_items(connection: Connection) -> ItemTable:
    """Read every item."""
    return _items_where(connection, sa.true())


def read_items_to_place(connection: Connection, version: int) -> ItemTable:
    """Read the items that need a place in the space of a model version.

    An item needs one if the version has no vector of it and it has a text or events, or if its cold
    vector was made from a text that has changed since. Warm and held-out vectors come from events, so a
    changed text leaves them as they are.
    """
    waiting, _, source = _moving(version)
    return _items_where(connection, waiting, source)


def read_items_to_warm_up(connection: Connection, version: int) -> ItemTable:
    """Read the items that a version has placed and that have many more events than they had then.

    Many more are more than :data:`GROWTH` times as many: the first one, two after three, thirty after a hundred.
    """
    _, grown, source = _moving(version)
    return _items_where(connection, grown, source)


def read_items_to_move(connection: Connection, version: int) -> ItemTable:
    """Read what :func:`read_items_to_place` and :func:`read_items_to_warm_up` read, each item once."""
    waiting, grown, source = _moving(version)
    return _items_where(connection, sa.or_(waiting, grown), source)


def count_items_to_place(connection: Connection, version: int | None) -> int:
    """Count what :func:`read_items_to_place` reads; without a version, every item with text or events."""
    if version is None:
        statement = sa.select(sa.func.count()).select_from(items).where(_PLACEABLE)
    else:
        waiting, _, source = _moving(version)
        statement = sa.select(sa.func.count()).select_from(source).where(waiting)
    return int(connection.execute(statement).scalar_one())


def count_items_without_interactions(connection: Connection) -> int:
    """Count the items that have no event at all yet."""
    return int(connection.execute(sa.select(sa.func.count()).where(items.c.n_events == 0)).scalar_one())


def count_users_outside(connection: Connection, version: int | None, *, min_events: int) -> int:
    """Count the users with at least ``min_events`` events of whom a version has no vector.

    Args:
        connection: In a transaction.
        version: A model version; None counts as one without users.
        min_events: At least this many events, an integer of at least 1.
    """
    statement = sa.select(sa.func.count()).where(users.c.n_events >= min_events)
    if version is not None:
        inside = sa.select(user_vectors.c.user_key).where(user_vectors.c.version == version)
        statement = statement.where(users.c.user_key.not_in(inside))
    return int(connection.execute(statement).scalar_one())


def user_keys(connection: Connection) -> dict[str, int]:
    """Return user_id -> user_key of every user."""
    return {row[0]: row[1] for row in connection.execute(sa.select(users.c.user_id, users.c.user_key))}


def item_keys(connection: Connection) -> dict[str, int]:
    """Return item_id -> item_key of every item."""
    return {row[0]: row[1] for row in connection.execute(sa.select(items.c.item_id, items.c.item_key))}


def item_text_hashes(connection: Connection) -> dict[int, str]:
    """Return item_key -> text_hash of every item."""
    return {row[0]: row[1] for row in connection.execute(sa.select(items.c.item_key, items.c.text_hash))}


def max_revision(connection: Connection) -> int:
    """Return the newest item revision, 0 without items."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(items.c.revision), 0))).scalar_one())


def max_user_key(connection: Connection) -> int:
    """Return the newest user_key, 0 without users."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(users.c.user_key), 0))).scalar_one())


def add_users(connection: Connection, created_at: Mapping[str, int], *, first_key: int) -> None:
    """Add users that are known to be new, with keys from ``first_key`` on.

    Args:
        connection: In a writing transaction.
        created_at: Unix seconds by new user_id, in the order of arrival.
        first_key: One above the highest user_key.
    """
    keys = np.arange(first_key, first_key + len(created_at))
    zeros = np.zeros(len(created_at), dtype=np.int64)
    columns = ("user_key", "user_id", "created_at", "n_events")
    insert_rows(
        connection, "users", columns, rows_of(keys, list(created_at), list(created_at.values()), zeros)
    )


@dataclass(frozen=True)
class NewItem:
    """An item to be added or changed; attributes are a JSON object, created_at unix seconds."""

    item_id: str
    text: str
    attributes: str
    created_at: int


def add_items(connection: Connection, new: Sequence[NewItem], *, first_key: int, revision: int) -> None:
    """Add items that are known to be new, with keys from ``first_key`` on."""
    rows = (
        (key, item.item_id, item.text, item.attributes, text_hash(item.text), item.created_at, 0, revision)
        for key, item in enumerate(new, start=first_key)
    )
    columns = (
        "item_key",
        "item_id",
        "text",
        "attributes",
        "text_hash",
        "created_at",
        "n_events",
        "revision",
    )
    insert_rows(connection, "items", columns, rows)


def change_texts(connection: Connection, changed: Mapping[int, NewItem], *, revision: int) -> None:
    """Give known items, by item_key, a new text, its hash and its attributes."""
    sql = "UPDATE items SET text = ?, attributes = ?, text_hash = ?, revision = ? WHERE item_key = ?"
    rows = (
        (item.text, item.attributes, text_hash(item.text), revision, key) for key, item in changed.items()
    )
    change_rows(connection, sql, rows)


def change_attributes(connection: Connection, attributes: Mapping[int, str]) -> int:
    """Store the attributes of known items by item_key; return how many differed."""
    sql = "UPDATE items SET attributes = ? WHERE item_key = ? AND attributes <> ?"
    return change_rows(connection, sql, ((value, key, value) for key, value in attributes.items()))


_USER_COLUMNS = (users.c.user_key, users.c.user_id, users.c.created_at, users.c.n_events)
_ITEM_COLUMNS = (
    items.c.item_key,
    items.c.item_id,
    items.c.text,
    items.c.text_hash,
    items.c.created_at,
    items.c.n_events,
    items.c.revision,
)


_PLACEABLE = sa.or_(items.c.text != "", items.c.n_events > 0)


def _moving(version: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool], sa.FromClause]:
    """Which items wait for a vector, which have outgrown theirs, and the tables both are asked of."""
    vectors = sa.select(item_vectors).where(item_vectors.c.version == version).subquery()
    unplaced = sa.and_(vectors.c.item_key.is_(None), _PLACEABLE)
    outdated = sa.and_(vectors.c.kind == "cold", vectors.c.text_hash != items.c.text_hash, items.c.text != "")
    joined = items.outerjoin(vectors, vectors.c.item_key == items.c.item_key)
    grown = sa.and_(vectors.c.kind != "warm", items.c.n_events > vectors.c.n_events * GROWTH)
    return sa.or_(unplaced, outdated), grown, joined


def _items_where(
    connection: Connection, condition: sa.ColumnElement[bool], source: sa.FromClause = items
) -> ItemTable:
    statement = sa.select(*_ITEM_COLUMNS).select_from(source).where(condition).order_by(items.c.item_key)
    rows = connection.execute(statement).all()
    keys, ids, texts, hashes, created_at, n_events, revisions = _columns(rows, 7)
    return ItemTable(
        item_keys=_int64(keys),
        item_ids=_object(ids),
        texts=_object(texts),
        text_hashes=_object(hashes),
        created_at=_int64(created_at),
        n_events=_int64(n_events),
        revisions=_int64(revisions),
    )


def _columns(rows: Sequence[Sequence[object]], n_columns: int) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * n_columns


def _int64(values: tuple[object, ...]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)


def _object(values: tuple[object, ...]) -> NDArray[np.object_]:
    return np.asarray(values, dtype=object)
