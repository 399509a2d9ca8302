"""Provisional users: vectors of users outside a version's vocabulary, appended and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.store.bulk import insert_rows
from data.store.users_items import add_users, max_user_key, user_keys
from data.store.vectors import STORED
from data.tables import interactions, item_vectors, items, provisional_users, user_vectors, users


@dataclass(frozen=True, eq=False)
class ProvisionalUsers:
    """Users outside a version's vocabulary, with the vectors that stand in for them until the next retrain.

    Args:
        user_ids: Shape (P,), strings, distinct.
        n_events: Events of each user when he was folded in, shape (P,), int64.
        keywords: Shape (P,): the words he was folded in from, empty where his events said more.
        collaborative_scale: By which the first numbers of his vector were divided, shape (P,), float64, > 0.
        vectors: Shape (P, F), float32, finite.
    """

    user_ids: Sequence[str] | NDArray[np.object_]
    n_events: NDArray[np.int64]
    keywords: Sequence[str] | NDArray[np.object_]
    collaborative_scale: NDArray[np.float64]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.user_ids)
        if self.vectors.ndim != 2 or len(self.vectors) != n:
            raise ValueError(f"provisional vectors must have shape ({n}, F), got {self.vectors.shape}")
        for name in ("n_events", "keywords", "collaborative_scale"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} must be {n} long like user_ids, got {len(getattr(self, name))}")
        if len(set(self.user_ids)) != n:
            raise ValueError(f"user_ids must be distinct, got {n} with {len(set(self.user_ids))} distinct")
        if not np.isfinite(self.vectors).all() or not np.all(self.collaborative_scale > 0):
            raise ValueError("provisional vectors must be finite and their scales above 0")

    def __len__(self) -> int:
        return len(self.user_ids)

    def only(self, user_ids: Sequence[str]) -> ProvisionalUsers:
        """Some of the users, in the order given; KeyError if one is missing."""
        place = {user: at for at, user in enumerate(self.user_ids)}
        rows = np.array([place[user] for user in user_ids], dtype=np.int64)
        return ProvisionalUsers(
            np.asarray(self.user_ids, dtype=object)[rows],
            self.n_events[rows],
            np.asarray(self.keywords, dtype=object)[rows],
            self.collaborative_scale[rows],
            self.vectors[rows],
        )


@dataclass(frozen=True, eq=False)
class WaitingUsers:
    """Users to be folded in.

    Args:
        user_ids: Shape (P,), object holding ``str``.
        n_events: Events of each user now, shape (P,), int64.
    """

    user_ids: NDArray[np.object_]
    n_events: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.user_ids)


@dataclass(frozen=True, eq=False)
class Strangers(WaitingUsers):
    """Users to be folded in, with the items they touched.

    Args:
        user_ids, n_events: As of :class:`WaitingUsers`.
        keywords: Shape (P,): the words of his newest entry, empty without one.
        pairs: Position in [0, P) and item_id of each item with a vector of the version, shape (n, 2), object.
    """

    keywords: NDArray[np.object_]
    pairs: list[tuple[int, str]]


def append_provisional(connection: Connection, version: int, found: ProvisionalUsers, *, at: int) -> None:
    """Append an entry for each user; what was written for him before stays and is no longer in force.

    Raises:
        KeyError: If a user is not in the store.
    """
    known = user_keys(connection)
    unknown = [user for user in found.user_ids if user not in known]
    if unknown:
        raise KeyError(f"user_ids must be in the store, got {len(unknown)} unknown: {unknown[0]!r}")
    rows = (
        (version, known[user], int(events), words, float(scale), vector.tobytes(), at)
        for user, events, words, scale, vector in zip(
            found.user_ids,
            found.n_events,
            found.keywords,
            found.collaborative_scale,
            np.ascontiguousarray(found.vectors, dtype=STORED),
            strict=True,
        )
    )
    columns = ("version", "user_key", "n_events", "keywords", "collaborative_scale", "vector", "created_at")
    insert_rows(connection, "provisional_users", columns, rows)


def read_provisional(connection: Connection, version: int, *, dimension: int) -> ProvisionalUsers:
    """Read the entries in force of a version in user_key order; users of its vocabulary have none."""
    entry = provisional_users.c
    statement = (
        sa.select(users.c.user_id, entry.n_events, entry.keywords, entry.collaborative_scale, entry.vector)
        .join(users, users.c.user_key == entry.user_key)
        .where(entry.entry.in_(_in_force(version)), entry.user_key.not_in(_vocabulary(version)))
        .order_by(entry.user_key)
    )
    rows = connection.execute(statement).all()
    flat = np.frombuffer(b"".join(row[4] for row in rows), dtype=STORED).astype(np.float32)
    return ProvisionalUsers(
        user_ids=np.asarray([row[0] for row in rows], dtype=object),
        n_events=np.asarray([row[1] for row in rows], dtype=np.int64),
        keywords=np.asarray([row[2] for row in rows], dtype=object),
        collaborative_scale=np.asarray([row[3] for row in rows], dtype=np.float64),
        vectors=flat.reshape(len(rows), dimension),
    )


def read_strangers(connection: Connection, version: int) -> Strangers:
    """Read the users outside a version's vocabulary of whom its entries in force say too little.

    Those are users who touched an item with a vector of the version, and have no entry yet or have had events
    since it was written.
    """
    condition, source = _strange(version)
    columns = (users.c.user_key, users.c.user_id, users.c.n_events, provisional_users.c.keywords)
    statement = sa.select(*columns).select_from(source).where(condition).order_by(users.c.user_key)
    rows = connection.execute(statement).all()
    position = {row[0]: at for at, row in enumerate(rows)}
    touched = (
        sa.select(interactions.c.user_key, items.c.item_id)
        .distinct()
        .select_from(interactions)
        .join(items, items.c.item_key == interactions.c.item_key)
        .join(item_vectors, item_vectors.c.item_key == interactions.c.item_key)
        .where(
            item_vectors.c.version == version,
            interactions.c.user_key.in_(sa.select(users.c.user_key).select_from(source).where(condition)),
        )
    )
    pairs = sorted((position[user], item) for user, item in connection.execute(touched))
    return Strangers(
        user_ids=np.asarray([row[1] for row in rows], dtype=object),
        n_events=np.asarray([row[2] for row in rows], dtype=np.int64),
        keywords=np.asarray([row[3] or "" for row in rows], dtype=object),
        pairs=pairs,
    )


def read_waiting_users(connection: Connection, version: int) -> WaitingUsers:
    """Read the users :func:`read_strangers` reads, and none of their events: enough to see who waits."""
    condition, source = _strange(version)
    statement = sa.select(users.c.user_id, users.c.n_events).select_from(source).where(condition)
    rows = connection.execute(statement.order_by(users.c.user_key)).all()
    return WaitingUsers(
        user_ids=np.asarray([row[0] for row in rows], dtype=object),
        n_events=np.asarray([row[1] for row in rows], dtype=np.int64),
    )


def count_strangers(connection: Connection, version: int) -> int:
    """Count the users :func:`read_strangers` reads."""
    condition, source = _strange(version)
    statement = sa.select(sa.func.count()).select_from(source).where(condition)
    return int(connection.execute(statement).scalar_one())


def ensure_user(connection: Connection, user_id: str, *, at: int) -> int:
    """Add a user without events unless he is known; return his number of events."""
    found = connection.execute(sa.select(users.c.n_events).where(users.c.user_id == user_id)).scalar()
    if found is None:
        add_users(connection, {user_id: at}, first_key=max_user_key(connection) + 1)
        return 0
    return int(found)


def _in_force(version: int) -> sa.Select[tuple[int]]:
    entry = provisional_users.c
    return sa.select(sa.func.max(entry.entry)).where(entry.version == version).group_by(entry.user_key)


def _vocabulary(version: int) -> sa.Select[tuple[int]]:
    return sa.select(user_vectors.c.user_key).where(user_vectors.c.version == version)


def _strange(version: int) -> tuple[sa.ColumnElement[bool], sa.FromClause]:
    """Condition and tables of the users that wait for an entry."""
    entry = provisional_users
    now = sa.and_(entry.c.user_key == users.c.user_key, entry.c.entry.in_(_in_force(version)))
    touched = (
        sa.exists()
        .select_from(interactions.join(item_vectors, item_vectors.c.item_key == interactions.c.item_key))
        .where(interactions.c.user_key == users.c.user_key, item_vectors.c.version == version)
        .correlate(users)
    )
    behind = sa.or_(entry.c.entry.is_(None), entry.c.n_events != users.c.n_events)
    condition = sa.and_(users.c.n_events > 0, users.c.user_key.not_in(_vocabulary(version)), behind, touched)
    return condition, users.outerjoin(entry, now)
