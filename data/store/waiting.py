"""Who and what waits for a model version: items for a place, users for a vector until the next retrain."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy.engine import Connection

from data.store import provisional, users_items
from data.store.provisional import Strangers, WaitingUsers
from data.store.users_items import ItemTable


class WaitingReads:
    """What a store tells about those who wait; each method is one transaction."""

    def _reading(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def items_to_place(self, version: int) -> ItemTable:
        """Read the items with no vector in a version, or whose cold vector is of an older text."""
        with self._reading() as connection:
            return users_items.read_items_to_place(connection, version)

    def items_to_warm_up(self, version: int) -> ItemTable:
        """Read the items that have many more events than when a version placed them."""
        with self._reading() as connection:
            return users_items.read_items_to_warm_up(connection, version)

    def items_to_move(self, version: int) -> ItemTable:
        """Read :meth:`items_to_place` and :meth:`items_to_warm_up` together, each item once."""
        with self._reading() as connection:
            return users_items.read_items_to_move(connection, version)

    def count_items_to_place(self, version: int | None) -> int:
        """Count :meth:`items_to_place`; without a version, every item with text or events."""
        with self._reading() as connection:
            return users_items.count_items_to_place(connection, version)

    def count_users_outside(self, version: int | None, *, min_events: int) -> int:
        """Count the users with at least ``min_events`` events of whom a version has no vector."""
        with self._reading() as connection:
            return users_items.count_users_outside(connection, version, min_events=min_events)

    def users_to_fold_in(self, version: int) -> Strangers:
        """Read the users outside a version's vocabulary with events since they were folded in, if ever."""
        with self._reading() as connection:
            return provisional.read_strangers(connection, version)

    def waiting_users(self, version: int) -> WaitingUsers:
        """Read who :meth:`users_to_fold_in` are, without what they touched."""
        with self._reading() as connection:
            return provisional.read_waiting_users(connection, version)

    def count_users_to_fold_in(self, version: int) -> int:
        """Count :meth:`users_to_fold_in`."""
        with self._reading() as connection:
            return provisional.count_strangers(connection, version)
