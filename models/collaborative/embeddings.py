"""What a collaborative model leaves behind: one vector per user and per warm item."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.coldstart.fold_in import USUAL_REGULARISER
from models.retrieval import FloatTable, IndexArray

FILE_NAME = "collaborative_embeddings.npz"


@dataclass(frozen=True)
class CollaborativeEmbeddings:
    """Vectors whose inner product is the score of a user and a warm item.

    Attributes:
        users: Shape (U, D), float32; row = user_index.
        warm_items: Shape (W, D), float32; row = position in ``warm_item_index``.
        warm_item_index: item_index of each row of ``warm_items``, shape (W,), int64, rising.
        regulariser: Ridge weight under which one more user or item fits in, > 0: that of the iALS which made them.

    Raises:
        ValueError: If shapes, kinds or order are not as above.
    """

    users: FloatTable
    warm_items: FloatTable
    warm_item_index: IndexArray
    regulariser: float = USUAL_REGULARISER

    def __post_init__(self) -> None:
        users, items, index = self.users, self.warm_items, self.warm_item_index
        if users.ndim != 2 or items.ndim != 2 or users.shape[1] != items.shape[1]:
            raise ValueError(
                "users (U, D) and warm_items (W, D) must be of equal width, "
                f"got shapes {users.shape} and {items.shape}"
            )
        if users.dtype != np.float32 or items.dtype != np.float32:
            raise ValueError(
                f"users and warm_items must be float32, got {users.dtype} and {items.dtype}: use astype"
            )
        if index.shape != (len(items),) or index.dtype != np.int64:
            raise ValueError(
                f"warm_item_index must be int64 of shape ({len(items)},), got {index.dtype} {index.shape}"
            )
        if not self.regulariser > 0:
            raise ValueError(f"regulariser must be above 0, got {self.regulariser}")
        if len(index) and (index[0] < 0 or np.any(np.diff(index) <= 0)):
            raise ValueError("warm_item_index must rise and begin at 0 or above")

    @property
    def d(self) -> int:
        """Numbers per vector."""
        return int(self.users.shape[1])

    def item_table(self, n_items: int) -> FloatTable:
        """A row for every item: zeros where an item is not warm.

        Args:
            n_items: Number of all items I, above the last warm item_index.

        Returns:
            Shape (I, D), float32.

        Raises:
            ValueError: If a warm item lies outside ``[0, n_items)``.
        """
        if len(self.warm_item_index) and self.warm_item_index[-1] >= n_items:
            raise ValueError(f"n_items must be above {self.warm_item_index[-1]}, got {n_items}")
        table = np.zeros((n_items, self.d), dtype=np.float32)
        table[self.warm_item_index] = self.warm_items
        return table

    def save(self, directory: Path) -> None:
        """Write one ``.npz`` into an existing directory."""
        np.savez(
            directory / FILE_NAME,
            users=self.users,
            warm_items=self.warm_items,
            warm_item_index=self.warm_item_index,
            regulariser=np.float64(self.regulariser),
        )

    @classmethod
    def load(cls, directory: Path) -> CollaborativeEmbeddings:
        """Read back what ``save`` wrote, bit for bit; refuses pickled objects."""
        with np.load(directory / FILE_NAME, allow_pickle=False) as arrays:
            given = float(arrays["regulariser"]) if "regulariser" in arrays else USUAL_REGULARISER
            return cls(arrays["users"], arrays["warm_items"], arrays["warm_item_index"], given)
