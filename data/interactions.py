"""Interactions: who took what, when, how much, as arrays of indices; refuses what is out of range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Interactions:
    """N events between U users and I items, in the order given.

    Args:
        pairs: Column 0 user_index in [0, U), column 1 item_index in [0, I); shape (N, 2), int64.
        times: Unix seconds, 0 where unknown; shape (N,), int64.
        weights: Strength (a rating, a count), finite and not negative; shape (N,), float32.
        n_users: U.
        n_items: I.

    Raises:
        TypeError: If pairs or times are not integers.
        ValueError: If shapes disagree, an index is out of range, a time is negative, or a weight is
            NaN, infinite or negative; the message names the first row at fault.
    """

    pairs: NDArray[np.int64]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]
    n_users: int
    n_items: int

    def __post_init__(self) -> None:
        pairs, times = _integers("pairs", self.pairs), _integers("times", self.times)
        weights = np.asarray(self.weights, dtype=np.float32)
        if pairs.size == 0:
            pairs = pairs.reshape(0, 2)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"pairs must have shape (N, 2), got {pairs.shape}")
        for name, column in (("times", times), ("weights", weights)):
            if column.shape != (len(pairs),):
                raise ValueError(f"{name} must have shape ({len(pairs)},) like pairs, got {column.shape}")
        _require_range("user_index", pairs[:, 0], self.n_users)
        _require_range("item_index", pairs[:, 1], self.n_items)
        _require("times must not be negative (0 means unknown)", times, times < 0)
        _require("weights must be finite and not negative", weights, ~(np.isfinite(weights) & (weights >= 0)))
        object.__setattr__(self, "pairs", pairs)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "weights", weights)

    def __len__(self) -> int:
        return len(self.pairs)

    def one_per_pair(self) -> Interactions:
        """Keep each (user, item) pair once: its earliest event, and of equal times the first given.

        Returns:
            Interactions sorted by user_index, then item_index; the weight is that of the kept event.
        """
        order = np.lexsort((self.times, self.pairs[:, 1], self.pairs[:, 0]))  # stable, so ties keep order
        ordered = self.pairs[order]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        return self.take(order[first])

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Interactions:
        """Keep the events at ``rows`` (positions, or a mask of shape (N,)), in that order."""
        return Interactions(
            pairs=self.pairs[rows],
            times=self.times[rows],
            weights=self.weights[rows],
            n_users=self.n_users,
            n_items=self.n_items,
        )


def _integers(name: str, values: NDArray[np.int64]) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {array.dtype}")
    return array.astype(np.int64, copy=False)


def _require_range(name: str, values: NDArray[np.int64], size: int) -> None:
    _require(f"{name} must lie in [0, {size})", values, (values < 0) | (values >= size))


def _require(rule: str, values: NDArray[np.int64] | NDArray[np.float32], wrong: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise ValueError(f"{rule}, got {values[rows[0]]} in row {rows[0]} ({rows.size} rows in all)")
