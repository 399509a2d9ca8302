"""The users behind each item to be placed: simulated ones, real ones, or both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.coldstart.config import Draw
from models.coldstart.top_users import TopUsers
from models.retrieval import FloatTable, IndexArray


@dataclass(frozen=True)
class ItemUsers:
    """Interactions of C items, grouped by item.

    Attributes:
        offsets: Item ``c`` has the entries ``offsets[c]:offsets[c + 1]``; shape (C + 1,), int64.
        users: user_index of each entry, shape (M,), int64.
        weights: How much an entry counts, shape (M,), float32: 1 for a real interaction.
        initial_weights: As ``weights``, with an item's simulated users weighted by their probabilities
            (same sum).
    """

    offsets: IndexArray
    users: IndexArray
    weights: FloatTable
    initial_weights: FloatTable

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def items(self) -> IndexArray:
        """Position of each entry's item, shape (M,), int64, rising."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def rows(self, start: int, stop: int) -> ItemUsers:
        """The items ``start`` to ``stop - 1``."""
        entries = slice(self.offsets[start], self.offsets[stop])
        return ItemUsers(
            self.offsets[start : stop + 1] - self.offsets[start],
            self.users[entries],
            self.weights[entries],
            self.initial_weights[entries],
        )

    @classmethod
    def collect(
        cls,
        pseudo: TopUsers | None,
        real_pairs: IndexArray,
        *,
        n_users: int,
        pseudo_weight: float = 1.0,
        pseudo_halves_at: float = math.inf,
    ) -> ItemUsers:
        """Put simulated and real interactions together.

        A user who is both simulated and real for an item is kept once, as real.

        Args:
            pseudo: Simulated users of all C items, or None if there are only real ones.
            real_pairs: Position of the item in [0, C) and user_index, shape (n, 2), int64; may be empty.
            n_users: U.
            pseudo_weight: What a simulated interaction of an item without real users counts, > 0; a real one
                counts 1.
            pseudo_halves_at: Real users h at which a simulated interaction counts half of that, > 0: of an item
                with n it counts ``pseudo_weight * h / (h + n)``.

        Returns:
            Every item's interactions, by item and then by user. Without ``pseudo`` C is one more than the
            greatest position.

        Raises:
            ValueError: If shapes or ranges are wrong, or an item has no interaction at all.
        """
        n_items = _checked_size(pseudo, real_pairs, n_users)
        keys = np.unique(real_pairs[:, 0] * n_users + real_pairs[:, 1])
        weights = np.ones(len(keys), dtype=np.float32)
        initial = weights
        if pseudo is not None:
            simulated = (np.arange(n_items)[:, None] * n_users + pseudo.users).ravel()  # (C * K,)
            shares = np.exp(pseudo.log_probabilities - pseudo.log_probabilities[:, :1])
            shares = shares * (pseudo.users_per_item / shares.sum(axis=1, keepdims=True))  # mean 1 per item
            new = ~np.isin(simulated, keys)
            n_real = np.bincount(keys // n_users, minlength=n_items)
            each = pseudo_weight / (1 + n_real / pseudo_halves_at)  # (C,)
            each = np.repeat(each, pseudo.users_per_item)[new]
            initial = np.concatenate((weights, each * shares.ravel()[new]))
            weights = np.concatenate((weights, each))
            keys = np.concatenate((keys, simulated[new]))
        order = np.argsort(keys, kind="stable")
        items, users = np.divmod(keys[order], n_users)
        counts = np.bincount(items, minlength=n_items)
        if np.any(counts == 0):
            empty = np.flatnonzero(counts == 0)
            raise ValueError(
                f"{len(empty)} of {n_items} items have neither simulated nor real users "
                f"(first positions: {empty[:5].tolist()}): leave them out or simulate users for them"
            )
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return cls(
            offsets,
            users.astype(np.int64),
            weights[order].astype(np.float32),
            initial[order].astype(np.float32),
        )


def chosen_users(pseudo: TopUsers, *, users_per_item: int, draw: Draw, seed: int) -> TopUsers:
    """The simulated users that are used, out of those kept.

    Args:
        pseudo: The users kept per item.
        users_per_item: How many are used, at most as many as were kept.
        draw: "top": the most probable; "sampled": drawn by probability among those kept.
        seed: Of the draw.

    Returns:
        ``users_per_item`` users per item.

    Raises:
        ValueError: If more are asked for than were kept.
    """
    if users_per_item > pseudo.users_per_item:
        raise ValueError(
            f"users_per_item is {users_per_item}, but only {pseudo.users_per_item} users per item were kept: "
            "keep more or use fewer"
        )
    if draw == "top":
        return pseudo.first(users_per_item)
    return pseudo.sampled(users_per_item, generator=np.random.default_rng(seed))


def _checked_size(pseudo: TopUsers | None, real_pairs: IndexArray, n_users: int) -> int:
    """Number of items C, after the checks of shape and range."""
    if real_pairs.ndim != 2 or real_pairs.shape[1] != 2:
        raise ValueError(f"real_pairs must have shape (n, 2), got {real_pairs.shape}")
    if pseudo is not None:
        n_items = len(pseudo)
        if pseudo.users.size and pseudo.users.max() >= n_users:
            raise ValueError(f"pseudo's users must be below {n_users}, got {pseudo.users.max()}")
    else:
        n_items = int(real_pairs[:, 0].max()) + 1 if len(real_pairs) else 0
    if len(real_pairs) == 0:
        return n_items
    low, high = real_pairs.min(axis=0), real_pairs.max(axis=0)
    if low[0] < 0 or high[0] >= n_items:
        raise ValueError(f"real_pairs' item positions must be in [0, {n_items}), got {low[0]} to {high[0]}")
    if low[1] < 0 or high[1] >= n_users:
        raise ValueError(f"real_pairs' user_index must be in [0, {n_users}), got {low[1]} to {high[1]}")
    return n_items
