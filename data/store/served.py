"""What serving asks for: who has which item by now, and whether a version's vectors have changed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data.tables import interactions, items, model_versions, users


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


def read_edition(connection: Connection, version: int) -> int:
    """Read a number that rises whenever items of a version are placed, or placed again, or users folded in.

    Args:
        connection: In a transaction.
        version: A model version.

    Returns:
        The number; 0 where the version's vectors are not stored.
    """
    found = connection.execute(sa.select(model_versions.c.edition).where(model_versions.c.version == version))
    return int(found.scalar() or 0)


def read_newest_texts(connection: Connection, user_ids: Sequence[str], *, limit: int) -> dict[str, list[str]]:
    """Read the texts of the newest items of some users.

    Args:
        connection: In a transaction.
        user_ids: External ids.
        limit: At most this many distinct items per user.

    Returns:
        Texts by user_id, the newest first; items without a text are left out, unknown users have none.
    """
    newest = sa.func.max(interactions.c.time).label("newest")
    latest = sa.func.max(interactions.c.interaction_key).label("latest")
    found = {}
    for user_id in user_ids:
        statement = (
            sa.select(items.c.text, newest, latest)
            .select_from(users)
            .join(interactions, interactions.c.user_key == users.c.user_key)
            .join(items, items.c.item_key == interactions.c.item_key)
            .where(users.c.user_id == user_id, items.c.text != "")
            .group_by(items.c.item_key, items.c.text)
            .order_by(newest.desc(), latest.desc())
            .limit(limit)
        )
        found[user_id] = list(connection.execute(statement).scalars())
    return found
