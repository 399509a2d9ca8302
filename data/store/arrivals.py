"""What has arrived since the published version's snapshot, and who brought it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.store.interactions import Watermark
from data.store.publication import current_publication, version_row
from data.store.snapshots import snapshot_row
from data.tables import interactions, items, user_vectors, users

IDS_PER_QUERY = 500
NOTHING_SEEN = Watermark(0, 0, 0, 0, 0)


_NAMED = (
    sa.select(users.c.user_id, items.c.item_id)
    .select_from(interactions)
    .join(users, users.c.user_key == interactions.c.user_key)
    .join(items, items.c.item_key == interactions.c.item_key)
)


@dataclass(frozen=True)
class Arrivals:
    """What is new to the published version.

    Args:
        version: The published version.
        made_at: When its vectors were written first, unix seconds.
        watermark: How far its snapshot reached; zeros where the store does not know the snapshot.
        users_known: Users in its vocabulary.
        users_outside: Users with enough events, one since the snapshot at least, of whom it has no vector.
        new_events: Events since the snapshot.
        events_outside: Those of them made by users of whom it has no vector.
    """

    version: int
    made_at: int
    watermark: Watermark
    users_known: int
    users_outside: int
    new_events: int
    events_outside: int


@dataclass(frozen=True, eq=False)
class NamedEvents:
    """Events by external ids, shape (N,) each, the oldest arrival first."""

    user_ids: NDArray[np.object_]
    item_ids: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.user_ids)


def read_arrivals(connection: Connection, *, min_events: int) -> Arrivals | None:
    """Count what is new to the published version; None where nothing is published.

    Who was there when the snapshot was taken and is outside all the same has no event that may be trained on. A
    retrain would leave him outside again, so until he has further ones he is not counted.

    Args:
        connection: In a transaction.
        min_events: A user outside counts from this many events on, at least 1.
    """
    published = current_publication(connection)
    row = None if published is None else version_row(connection, published.version)
    if row is None:
        return None
    try:
        watermark = snapshot_row(connection, row.snapshot_key).watermark
    except KeyError:
        watermark = NOTHING_SEEN
    inside = sa.select(user_vectors.c.user_key).where(user_vectors.c.version == row.version)
    fresh = interactions.c.interaction_key > watermark.interaction_key
    active = sa.select(interactions.c.user_key).where(fresh)
    enough = users.c.n_events >= min_events
    outside = enough & users.c.user_key.in_(active) & users.c.user_key.not_in(inside)
    return Arrivals(
        version=row.version,
        made_at=row.created_at,
        watermark=watermark,
        users_known=_count(connection, user_vectors.c.version == row.version),
        users_outside=_count(connection, outside),
        new_events=_count(connection, fresh),
        events_outside=_count(connection, fresh & interactions.c.user_key.not_in(inside)),
    )


def read_events_of(connection: Connection, user_ids: Sequence[str], *, up_to: int) -> NamedEvents:
    """Read the events of some users with an interaction_key of at most ``up_to``, in order of arrival."""
    found: list[Any] = []
    for begin in range(0, len(user_ids), IDS_PER_QUERY):
        part = list(user_ids[begin : begin + IDS_PER_QUERY])
        found += connection.execute(
            _NAMED.where(users.c.user_id.in_(part), interactions.c.interaction_key <= up_to).order_by(
                interactions.c.interaction_key
            )
        ).all()
    return _named(found)


def read_readers_of(connection: Connection, item_ids: Sequence[str]) -> NamedEvents:
    """Read who has events with some items, each pair once, in no particular order."""
    found: list[Any] = []
    for begin in range(0, len(item_ids), IDS_PER_QUERY):
        part = list(item_ids[begin : begin + IDS_PER_QUERY])
        found += connection.execute(_NAMED.distinct().where(items.c.item_id.in_(part))).all()
    return _named(found)


def read_newest_events(connection: Connection, *, after: int, limit: int) -> NamedEvents:
    """Read the last ``limit`` events with an interaction_key above ``after``, the oldest of them first."""
    statement = (
        _NAMED.where(interactions.c.interaction_key > after)
        .order_by(interactions.c.interaction_key.desc())
        .limit(limit)
    )
    return _named(connection.execute(statement).all()[::-1])


def _named(rows: Sequence[Any]) -> NamedEvents:
    columns = np.array([tuple(row) for row in rows], dtype=object).reshape(-1, 2)
    return NamedEvents(columns[:, 0], columns[:, 1])


def _count(connection: Connection, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one())


class ArrivalReads:
    """What a store tells about arrivals; each method is one transaction."""

    def _reading(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def arrivals(self, *, min_events: int) -> Arrivals | None:
        """Count what is new to the published version; users outside count from ``min_events`` events on."""
        with self._reading() as connection:
            return read_arrivals(connection, min_events=min_events)

    def newest_events(self, *, after: int, limit: int) -> NamedEvents:
        """Read the last ``limit`` events with an interaction_key above ``after``, the oldest of them first."""
        with self._reading() as connection:
            return read_newest_events(connection, after=after, limit=limit)

    def events_of(self, user_ids: Sequence[str], *, up_to: int) -> NamedEvents:
        """Read the events of some users with an interaction_key of at most ``up_to``."""
        with self._reading() as connection:
            return read_events_of(connection, user_ids, up_to=up_to)

    def readers_of(self, item_ids: Sequence[str]) -> NamedEvents:
        """Read who has events with some items, each pair once; the events of other items are not read."""
        with self._reading() as connection:
            return read_readers_of(connection, item_ids)
