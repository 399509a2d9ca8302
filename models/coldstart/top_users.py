"""The few users who stand in for an item's missing interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.retrieval import FloatTable, IndexArray

FILE_NAME = "top_users.npz"
ROUNDING = 1e-3
"""How far a row's probabilities may exceed 1 before they count as unnormalised: float32 over many users."""


@dataclass(frozen=True)
class TopUsers:
    """Each cold item's most probable (or sampled) users.

    Attributes:
        users: user_index, shape (C, K), int64, no user twice in a row.
        log_probabilities: Of these users, in nats, normalised over all U users; shape (C, K), float32,
            falling along each row.

    Raises:
        ValueError: If shapes or kinds differ, rows rise, or a row's probabilities sum to more than 1.
    """

    users: IndexArray
    log_probabilities: FloatTable

    def __post_init__(self) -> None:
        if self.users.ndim != 2 or self.users.shape != self.log_probabilities.shape:
            raise ValueError(
                "users and log_probabilities must have one shape (C, K), "
                f"got {self.users.shape} and {self.log_probabilities.shape}"
            )
        if self.users.dtype != np.int64 or self.log_probabilities.dtype != np.float32:
            raise ValueError(
                "users must be int64 and log_probabilities float32, "
                f"got {self.users.dtype} and {self.log_probabilities.dtype}"
            )
        if self.users.size == 0:
            return
        if self.users.min() < 0:
            raise ValueError(f"users must be at least 0, got {self.users.min()}")
        if np.any(np.diff(self.log_probabilities, axis=1) > 0):
            raise ValueError("log_probabilities must fall along each row")
        total = float(np.exp(self.log_probabilities.astype(np.float64)).sum(axis=1).max())
        if not total <= 1 + ROUNDING:
            raise ValueError(
                f"a row's probabilities must sum to at most 1, got {total:.4f}: are they raw logits?"
            )

    def __len__(self) -> int:
        return len(self.users)

    @property
    def users_per_item(self) -> int:
        """K, users kept per item."""
        return int(self.users.shape[1])

    def first(self, k: int) -> TopUsers:
        """The ``k`` most probable users of each item.

        Raises:
            ValueError: If ``k`` is not in [1, K].
        """
        if not 1 <= k <= self.users_per_item:
            raise ValueError(f"k must be between 1 and the users kept ({self.users_per_item}), got {k}")
        return TopUsers(self.users[:, :k], self.log_probabilities[:, :k])

    def sampled(self, k: int, *, generator: np.random.Generator) -> TopUsers:
        """``k`` of each item's users, drawn without replacement by their probabilities.

        Raises:
            ValueError: If ``k`` is not in [1, K].
        """
        self.first(k)  # the same refusal
        # the k greatest of log p + Gumbel noise are a draw without replacement
        noisy = self.log_probabilities + generator.gumbel(size=self.users.shape)
        kept = np.sort(np.argsort(-noisy, axis=1, kind="stable")[:, :k], axis=1)  # rising place = falling p
        return TopUsers(
            np.take_along_axis(self.users, kept, axis=1),
            np.take_along_axis(self.log_probabilities, kept, axis=1),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[TopUsers]) -> TopUsers:
        """The items of all parts below each other; at least one part, all with the same K."""
        return cls(
            np.concatenate([part.users for part in parts]),
            np.concatenate([part.log_probabilities for part in parts]),
        )

    def save(self, directory: Path) -> None:
        """Write one ``.npz`` into an existing directory."""
        np.savez(directory / FILE_NAME, users=self.users, log_probabilities=self.log_probabilities)

    @classmethod
    def load(cls, directory: Path) -> TopUsers:
        """Read back what ``save`` wrote, bit for bit; refuses pickled objects."""
        with np.load(directory / FILE_NAME, allow_pickle=False) as arrays:
            return cls(arrays["users"], arrays["log_probabilities"])
