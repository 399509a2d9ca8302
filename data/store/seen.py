"""Who has which item by now: read for one user or one item, when a request asks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data.tables import interactions, items, users


def read_items_of(connection: Connection, user_id: str) -> list[str]:
    """Read the ids of the items a user has events with.

    Args:
        connection: In a transaction.
        user_id: External id.

    Returns:
        Item ids without repetition, in no particular order; empty for an unknown user.
    """
    statement = (
        sa.select(items.c.item_id)
        .distinct()
        .select_from(users)
        .join(interactions, interactions.c.user_key == users.c.user_key)
        .join(items, items.c.item_key == interactions.c.item_key)
        .where(users.c.user_id == user_id)
    )
    return list(connection.execute(statement).scalars())


def read_users_of(connection: Connection, item_id: str) -> list[str]:
    """Read the ids of the users who have events with an item; without reading events where it has none.

    Args:
        connection: In a transaction.
        item_id: External id.

    Returns:
        User ids without repetition, in no particular order; empty for an unknown item.
    """
    found = connection.execute(
        sa.select(items.c.item_key, items.c.n_events).where(items.c.item_id == item_id)
    ).one_or_none()
    if found is None or found.n_events == 0:
        return []
    statement = (
        sa.select(users.c.user_id)
        .distinct()
        .join(interactions, interactions.c.user_key == users.c.user_key)
        .where(interactions.c.item_key == found.item_key)
    )
    return list(connection.execute(statement).scalars())
