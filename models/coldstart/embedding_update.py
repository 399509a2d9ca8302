"""Moves the vectors of cold items, by BPR on their simulated and real users; touches nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.coldstart.config import ColdUpdateConfig, Comparison
from models.coldstart.item_users import ItemUsers, chosen_users
from models.coldstart.top_users import TopUsers
from models.retrieval import FloatTable, IndexArray
from models.training import train_epochs

NUMBERS_PER_BLOCK = 16_000_000
"""Gathered user vector entries trained at once: 64 MB of float32."""


def place_items(
    users: FloatTable,
    warm_items: FloatTable,
    pseudo: TopUsers | None,
    real_pairs: IndexArray,
    config: ColdUpdateConfig,
) -> FloatTable:
    """Vectors of items that the collaborative training has not seen.

    For each of the item's users u the BPR loss is either -ln sigmoid(s(u, item) - s(u, j)) over warm items j,
    or, with the roles swapped, -ln sigmoid(s(u, item) - s(v, item)) over users v who are not the item's. Only
    the item's own row moves, so items do not influence each other. It starts at the mean of its users,
    simulated ones weighted by probability, at the warm items' median norm; at the end it is cut to the warm
    norms.

    Args:
        users: Shape (U, D), float32; not changed.
        warm_items: Shape (W, D), float32; not changed.
        pseudo: Simulated users of the C items; None for items that are placed by real users alone.
        real_pairs: Position of the item in [0, C) and user_index, shape (n, 2), int64; may be empty.
        config: Settings.

    Returns:
        Shape (C, D), float32. Without ``pseudo`` C is one more than the greatest position.

    Raises:
        ValueError: If shapes do not fit, an item has no user, or more users are asked for than were kept.

    Source: FilterLLM, the update of cold embeddings: BPR on pseudo-interactions, ``compare_with="items"``.
        Differences: the negatives of one step are shared by all comparisons, and warm ones are not checked
        against a user's own (their pairs are not at hand); initial value and norm limit are ours.
    """
    _check(users, warm_items)
    if pseudo is not None:
        pseudo = chosen_users(
            pseudo, users_per_item=config.users_per_item, draw=config.draw, seed=config.seed
        )
    known = ItemUsers.collect(
        pseudo,
        real_pairs,
        n_users=len(users),
        pseudo_weight=config.pseudo_weight,
        pseudo_halves_at=config.pseudo_halves_at,
    )
    # in units of the median warm norm one set of steps fits every space
    norms = np.linalg.norm(warm_items, axis=1)
    unit = float(np.median(norms)) or 1.0
    limit = float(np.quantile(norms, config.norm_quantile))
    placed = np.empty((len(known), users.shape[1]), dtype=np.float32)
    for start, stop in _blocks(known, users.shape[1]):
        block = known.rows(start, stop)
        rows = _initial_rows(users, block, norm=min(unit, limit))
        if config.steps > 0:
            rows = _moved_rows(rows, users, warm_items, block, config=config, unit=unit, limit=limit)
        placed[start:stop] = rows
    return placed


@dataclass(frozen=True)
class _Negatives:
    """What one step compares with: rows of warm items (S, D) and user_index of users (S,)."""

    items: Tensor
    users: Tensor


class _ColdRows(nn.Module):
    """The rows being moved, with everything they are compared with held fixed."""

    def __init__(
        self, rows: FloatTable, users: FloatTable, known: ItemUsers, *, compare_with: Comparison, l2: float
    ) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.from_numpy(rows.copy()))  # (c, D)
        self._l2 = l2
        self._compare_with = compare_with
        self._users = torch.from_numpy(users)  # (U, D)
        self._user_of_entry = torch.from_numpy(known.users)  # (M,)
        self._item_of_entry = torch.from_numpy(known.items)  # (M,)
        self._chosen = self._users[self._user_of_entry]  # (M, D)
        self._keys = self._item_of_entry * len(users) + self._user_of_entry  # (M,), rising
        share = known.weights / np.add.reduceat(known.weights, known.offsets[:-1])[known.items]
        self._share = torch.from_numpy(share)  # (M,), sums to 1 for each item

    def loss(self, batch: _Negatives) -> Tensor:
        """Sum over items of the mean BPR loss, plus the penalty; items do not mix."""
        scores = (self.rows.index_select(0, self._item_of_entry) * self._chosen).sum(dim=1)  # (M,)
        total = self._l2 * self.rows.square().sum()
        if self._compare_with != "users":
            total = total + (self._share * self._against_items(scores, batch.items)).sum()
        if self._compare_with != "items":
            total = total + (self._share * self._against_users(scores, batch.users)).sum()
        return total

    def _against_items(self, scores: Tensor, items: Tensor) -> Tensor:
        """Each entry's loss (M,): the same user, other items."""
        others = (self._users @ items.T).index_select(0, self._user_of_entry)  # (M, S)
        return nn.functional.softplus(others - scores[:, None]).mean(dim=1)

    def _against_users(self, scores: Tensor, users: Tensor) -> Tensor:
        """Each entry's loss (M,): the same item, other users, the item's own left out."""
        keys = torch.arange(len(self.rows))[:, None] * len(self._users) + users  # (c, S)
        found = torch.searchsorted(self._keys, keys).clamp_(max=len(self._keys) - 1)
        free = (self._keys[found] != keys).float()  # (c, S), 0 where the drawn user is the item's
        free = free / free.sum(dim=1, keepdim=True).clamp_(min=1)
        others = self.rows @ self._users[users].T  # (c, S)
        others, free = (table.index_select(0, self._item_of_entry) for table in (others, free))  # (M, S)
        return (free * nn.functional.softplus(others - scores[:, None])).sum(dim=1)


def _moved_rows(
    rows: FloatTable,
    users: FloatTable,
    warm_items: FloatTable,
    known: ItemUsers,
    *,
    config: ColdUpdateConfig,
    unit: float,
    limit: float,
) -> FloatTable:
    """The rows after all steps, none longer than the limit."""
    model = _ColdRows(rows, users, known, compare_with=config.compare_with, l2=config.l2 / unit**2)
    # a generator per block: an item's vector does not depend on which others are placed with it
    generator = np.random.default_rng(config.seed)

    def draws(epoch: int) -> Iterator[_Negatives]:
        for _ in range(config.steps):
            items = warm_items[generator.integers(0, len(warm_items), config.negatives)]
            drawn = generator.integers(0, len(users), config.negatives)
            yield _Negatives(torch.from_numpy(items), torch.from_numpy(drawn))

    # not Adam: it gives the coordinates in which an item's users disagree as long a step as the others
    rate = config.learning_rate * unit / (float(np.median(np.linalg.norm(users, axis=1))) or 1.0)
    train_epochs(model, draws, torch.optim.SGD(model.parameters(), lr=rate), epochs=1)
    moved = model.rows.detach().numpy()
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    return moved * np.minimum(1.0, limit / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)


def _initial_rows(users: FloatTable, known: ItemUsers, *, norm: float) -> FloatTable:
    """Weighted means of the items' users (c, D), scaled to one norm."""
    weighted = users[known.users] * known.initial_weights[:, None]  # (M, D)
    means = np.add.reduceat(weighted, known.offsets[:-1], axis=0)  # (c, D)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return (means * (norm / np.maximum(lengths, np.finfo(np.float32).tiny))).astype(np.float32)


def _blocks(known: ItemUsers, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of items whose gathered users fit a block; an item is never divided."""
    entries = max(1, NUMBERS_PER_BLOCK // width)
    start = 0
    while start < len(known):
        fitting = int(np.searchsorted(known.offsets, known.offsets[start] + entries, side="right")) - 1
        stop = max(start + 1, fitting)
        yield start, stop
        start = stop


def _check(users: FloatTable, warm_items: FloatTable) -> None:
    """Refuse tables that are not of one space."""
    if users.ndim != 2 or warm_items.ndim != 2 or users.shape[1] != warm_items.shape[1]:
        raise ValueError(
            "users (U, D) and warm_items (W, D) must be of equal width, "
            f"got shapes {users.shape} and {warm_items.shape}"
        )
    if len(warm_items) == 0:
        raise ValueError("warm_items must have at least one row: BPR compares each cold item with warm ones")
    if not (np.isfinite(users).all() and np.isfinite(warm_items).all()):
        raise ValueError("users and warm_items must be finite: the collaborative training has diverged")
