"""Published versions out of the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.store.connection import reading
from data.store.served import read_edition, read_items_of, read_users_of
from data.store.store import Store
from serving.published import Edition, PublishedSpace


class StoreSource:
    """Reads what is published, and who has which item, from one store; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        """Read from ``store``, which stays open as long as requests come."""
        self._store = store

    @classmethod
    def open(cls, url: str) -> StoreSource:
        """Open the store of a SQLAlchemy URL; its tables must be of this version's schema.

        Raises:
            StoreError: If the database cannot be reached or has another schema.
        """
        return cls(Store.open(url, migrate=False))

    def close(self) -> None:
        """Let go of all connections."""
        self._store.close()

    def current_edition(self) -> Edition | None:
        """What is published now, None where nothing is."""
        current = self._store.current_publication()
        if current is None:
            return None
        with reading(self._store.engine) as connection:
            edition = read_edition(connection, current.version)
        return Edition(current.version, f"{current.published_at}-{edition}")

    def read_space(self, version: int) -> PublishedSpace:
        """All vectors of a version, and those of the users folded in by now.

        Raises:
            KeyError: If the store has no vectors of this version.
        """
        users, items = self._store.read_published(version)
        folded = self._store.read_provisional(version)
        vectors = np.concatenate([users.vectors, folded.vectors]) if len(folded) else users.vectors
        return PublishedSpace(
            version,
            (*users.user_ids, *folded.user_ids),
            vectors,
            tuple(items.item_ids),
            items.vectors,
            len(folded),
        )

    def audience_of(self, version: int, item_id: str) -> Sequence[tuple[str, float]]:
        """The audience published for an item, most probable user first; empty where there is none."""
        try:
            rows = self._store.read_audiences(version, [item_id])
        except KeyError:
            return ()  # the version was pruned while its vectors still answer from memory
        return list(zip(rows.user_ids.tolist(), rows.log_probabilities.tolist(), strict=True))

    def items_of(self, user_id: str) -> Sequence[str]:
        """Ids of the items the user has events with by now; empty for an unknown user."""
        with reading(self._store.engine) as connection:
            return read_items_of(connection, user_id)

    def users_of(self, item_id: str) -> Sequence[str]:
        """Ids of the users who have events with the item by now; empty for an unknown item."""
        with reading(self._store.engine) as connection:
            return read_users_of(connection, item_id)
