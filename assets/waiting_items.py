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
    """

    item_ids: list[str]
    texts: list[str]
    text_hashes: list[str]
    n_events: Any

    def __len__(self) -> int:
        return len(self.item_ids)

    def only(self, keep: Any) -> "WaitingItems":
        """The items at the positions where ``keep`` (C,) is true."""
        chosen = np.flatnonzero(keep)
        return WaitingItems(
            [self.item_ids[i] for i in chosen],
            [self.texts[i] for i in chosen],
            [self.text_hashes[i] for i in chosen],
            self.n_events[chosen],
        )


@dataclass(frozen=True)
class ItemsWithReaders(WaitingItems):
    """Waiting items, and who has had them.

    Attributes:
        real_pairs: Position in [0, C) and user_index of the version's users, shape (n, 2), int64.
    """

    real_pairs: Any

    def readers(self) -> Any:
        """Known users of each item, shape (C,), int64."""
        return np.bincount(self.real_pairs[:, 0], minlength=len(self)).astype(np.int64)

    def only(self, keep: Any) -> "ItemsWithReaders":
        """The items at the positions where ``keep`` (C,) is true, with their readers."""
        place = np.cumsum(keep) - 1
        pairs = self.real_pairs[keep[self.real_pairs[:, 0]]]
        moved = np.column_stack([place[pairs[:, 0]], pairs[:, 1]]).astype(np.int64)
        return ItemsWithReaders(**vars(super().only(keep)), real_pairs=moved)


def waiting_items(store: "Store", version: int, *, warm_items: IdMap) -> WaitingItems:
    """Read the items that a version has not trained on, not placed yet or outgrown, in the order of their arrival.

    Args:
        store: The store.
        version: The version; it may be one whose vectors are not stored yet.
        warm_items: Items it was trained on.
    """
    table = store.items_to_move(version)
    fresh = ~warm_items.contains(table.item_ids)
    return WaitingItems(
        item_ids=table.item_ids[fresh].tolist(),
        texts=table.texts[fresh].tolist(),
        text_hashes=table.text_hashes[fresh].tolist(),
        n_events=table.n_events[fresh],
    )


def with_readers(waiting: WaitingItems, store: "Store", users: IdMap) -> ItemsWithReaders:
    """Read which users of a vocabulary have had the waiting items; no other item's events are read."""
    touched = [item for item, count in zip(waiting.item_ids, waiting.n_events, strict=True) if count]
    found = store.readers_of(touched)
    known = users.contains(found.user_ids)
    positions = IdMap(waiting.item_ids).index_of(found.item_ids[known])
    pairs = np.column_stack([positions, users.index_of(found.user_ids[known])]).astype(np.int64)
    return ItemsWithReaders(**vars(waiting), real_pairs=np.unique(pairs, axis=0))
