"""World: everything a snapshot is made of, as arrays, all of one moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.store.interactions import EventTable, Watermark, read_events, read_watermark
from data.store.tokens import read_tokens
from data.store.users_items import ItemTable, UserTable, read_items, read_users


@dataclass(frozen=True, eq=False)
class World:
    """What the store holds at one moment.

    Args:
        watermark: How far it had got.
        users: All U users by user_key.
        items: All I items by item_key.
        events: All N events up to the watermark.
        token_user_keys: The user_key of token 0, 1, ..., shape (T,), int64.
    """

    watermark: Watermark
    users: UserTable
    items: ItemTable
    events: EventTable
    token_user_keys: NDArray[np.int64]

    def event_pairs(self) -> NDArray[np.int64]:
        """Return the events as positions in ``users`` and ``items``, shape (N, 2), int64."""
        return np.column_stack(
            [
                np.searchsorted(self.users.user_keys, self.events.user_keys),
                np.searchsorted(self.items.item_keys, self.events.item_keys),
            ]
        ).astype(np.int64, copy=False)


def read_world(connection: Connection) -> World:
    """Read everything inside the connection's transaction."""
    watermark = read_watermark(connection)
    return World(
        watermark=watermark,
        users=read_users(connection),
        items=read_items(connection),
        events=read_events(connection, watermark.interaction_key),
        token_user_keys=read_tokens(connection),
    )
