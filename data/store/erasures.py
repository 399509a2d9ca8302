"""Erasures: when users were removed, so that nothing learned from them is carried into the next version."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data.tables import erasures


class Erasure(NamedTuple):
    """When (unix seconds), how many users, and why."""

    at: int
    n_users: int
    reason: str


def note_erasure(connection: Connection, erasure: Erasure) -> None:
    """Write down that users were removed.

    Raises:
        ValueError: If no user was.
    """
    if erasure.n_users < 1:
        raise ValueError(f"n_users must be at least 1, got {erasure.n_users}")
    connection.execute(sa.insert(erasures).values(**erasure._asdict()))


def latest_erasure(connection: Connection) -> Erasure | None:
    """Read the latest erasure, None where there was none."""
    columns = (erasures.c.at, erasures.c.n_users, erasures.c.reason)
    found = connection.execute(sa.select(*columns).order_by(erasures.c.at.desc()).limit(1)).one_or_none()
    return None if found is None else Erasure(*found)
