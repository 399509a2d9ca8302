"""A source in memory: three users, four items, every inner product can be read off."""

from __future__ import annotations

import numpy as np

from serving.published import Edition, PublishedSpace

USERS = ("ada", "bo", "cy")
ITEMS = ("tea", "rye", "oat/bran", "fig")
USER_VECTORS = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
# ada sees the first column, bo the second, cy their sum
ITEM_VECTORS = np.array([[4, 1], [3, 2], [2, 6], [1, 1]], dtype=np.float32)


def space(version: int = 1, *, sign: float = 1.0) -> PublishedSpace:
    """The world as a published version; ``sign=-1`` turns every ranking round."""
    return PublishedSpace(version, USERS, sign * USER_VECTORS, ITEMS, ITEM_VECTORS.copy())


class MemorySource:
    """Versions and seen items held in dictionaries; counts how often vectors are read."""

    def __init__(self, *spaces: PublishedSpace, pairs: tuple[tuple[str, str], ...] = ()) -> None:
        self.spaces = {each.version: each for each in spaces}
        self.edition = Edition(spaces[0].version, "first") if spaces else None
        self.pairs = pairs
        self.audiences: dict[str, list[tuple[str, float]]] = {}
        self.reads: list[int] = []

    def current_edition(self) -> Edition | None:
        return self.edition

    def read_space(self, version: int) -> PublishedSpace:
        self.reads.append(version)
        return self.spaces[version]

    def audience_of(self, version: int, item_id: str) -> list[tuple[str, float]]:
        return self.audiences.get(item_id, [])

    def items_of(self, user_id: str) -> list[str]:
        return [item for user, item in self.pairs if user == user_id]

    def users_of(self, item_id: str) -> list[str]:
        return [user for user, item in self.pairs if item == item_id]
