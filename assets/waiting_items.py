"""Which items a version has to place, and what is known of their readers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.id_map import IdMap

if TYPE_CHECKING:
    from data.store.store import Store


@dataclass(frozen=True)
class WaitingItems:
    """Items without a vector of a version, or with one made from far fewer events than there are now.

    Attributes:
        item_ids: External ids, length C.
        texts: Length C.
        text_hashes: Length C.
        n_events: Events of each item when it was read, shape (C,), int64.
        real_pairs: Position in [0, C) and user_index of the version's users, shape (n, 2), int64.
    """

    item_ids: list[str]
    texts: list[str]
    text_hashes: list[str]
    n_events: Any
    real_pairs: Any

    def __len__(self) -> int:
        return len(self.item_ids)

    def readers(self) -> Any:
        """Known users of each item, shape (C,), int64."""
        return np.bincount(self.real_pairs[:, 0], minlength=len(self)).astype(np.int64)

    def only(self, keep: Any) -> "WaitingItems":
        """The items at the positions where ``keep`` (C,) is true."""
        place = np.cumsum(keep) - 1
        pairs = self.real_pairs[keep[self.real_pairs[:, 0]]]
        chosen = np.flatnonzero(keep)
        return WaitingItems(
            [self.item_ids[i] for i in chosen],
            [self.texts[i] for i in chosen],
            [self.text_hashes[i] for i in chosen],
            self.n_events[chosen],
            np.column_stack([place[pairs[:, 0]], pairs[:, 1]]).astype(np.int64),
        )


def waiting_items(store: "Store", version: int, *, users: IdMap, warm_items: IdMap) -> WaitingItems:
    """Read the items that a version has not trained on, not placed yet or outgrown, with their known readers.

    Args:
        store: The store.
        version: The version; it may be one whose vectors are not stored yet.
        users: Its vocabulary.
        warm_items: Items it was trained on.

    Returns:
        The items in the order of their arrival.
    """
    table = store.items_to_move(version)
    fresh = ~warm_items.contains(table.item_ids)
    keys, ids = table.item_keys[fresh], table.item_ids[fresh]
    return WaitingItems(
        item_ids=ids.tolist(),
        texts=table.texts[fresh].tolist(),
        text_hashes=table.text_hashes[fresh].tolist(),
        n_events=table.n_events[fresh],
        real_pairs=_real_pairs(store, keys, users),
    )


def _real_pairs(store: "Store", item_keys: Any, users: IdMap) -> Any:
    """Each event of these items by a known user, as (position, user_index), none twice."""
    none = np.empty((0, 2), dtype=np.int64)
    if not len(item_keys):
        return none
    events = store.read_events(store.watermark())
    asked = np.isin(events.item_keys, item_keys)
    if not asked.any():
        return none
    table = store.read_users()
    ids = table.user_ids[np.searchsorted(table.user_keys, events.user_keys[asked])]
    known = users.contains(ids)
    positions = np.searchsorted(item_keys, events.item_keys[asked][known])
    pairs = np.column_stack([positions, users.index_of(ids[known])]).astype(np.int64)
    return np.unique(pairs, axis=0)
