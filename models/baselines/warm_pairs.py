"""Training pairs by position of the warm item, the draws that rivals make from them, and their batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from models.baselines.array_types import Indices, Pairs
from models.baselines.rival import RivalInput
from models.training import fitting_batch


class PairDraws:
    """Uniform draws of columns that a row has, or has not, been seen with.

    Args:
        pairs: Row and column, shape (N, 2), int64; a pair given twice counts once.
        n_rows: Rows.
        n_columns: Columns.

    Raises:
        ValueError: If a row has all columns, which leaves nothing unseen.
    """

    def __init__(self, pairs: Pairs, *, n_rows: int, n_columns: int) -> None:
        self._keys = np.unique(pairs[:, 0] * n_columns + pairs[:, 1])
        self.degrees = np.bincount(self._keys // n_columns, minlength=n_rows)  # (rows,)
        self._starts = np.concatenate(([0], np.cumsum(self.degrees)))
        self._n_columns = n_columns
        ones = np.ones(len(self._keys), dtype=np.bool_)
        self._table = csr_matrix((ones, self._keys % n_columns, self._starts), shape=(n_rows, n_columns))
        if (self.degrees >= n_columns).any():
            raise ValueError(
                f"row {int(np.argmax(self.degrees))} of the training pairs has all {n_columns} columns, so no "
                "negative is left: remove some of its pairs or add items"
            )

    def seen_by(self, row: int) -> Indices:
        """All columns of one row, rising, shape (degree,), int64."""
        own = self._keys[self._starts[row] : self._starts[row + 1]]
        columns: Indices = own % self._n_columns
        return columns

    def seen(self, rows: Indices, *, generator: np.random.Generator) -> Indices:
        """One seen column for each entry of ``rows`` (any shape), with replacement; rows need a pair."""
        place = self._starts[rows] + generator.integers(0, self.degrees[rows])
        columns: Indices = self._keys[place] % self._n_columns
        return columns

    def unseen(self, rows: Indices, *, generator: np.random.Generator) -> Indices:
        """One unseen column for each entry of ``rows`` (any shape), by rejection, with replacement."""
        flat = rows.ravel()
        drawn = generator.integers(0, self._n_columns, size=len(flat))
        again = np.flatnonzero(self._contains(flat, drawn))
        while len(again):
            drawn[again] = generator.integers(0, self._n_columns, size=len(again))
            again = again[self._contains(flat[again], drawn[again])]
        return drawn.reshape(rows.shape)

    def seen_among(self, rows: Indices, columns: Indices) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Whether each of ``rows`` (B,) has seen each of ``columns`` (K,), shape (B, K)."""
        found: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = self._table[rows][:, columns].toarray()
        return found

    def _contains(self, rows: Indices, columns: Indices) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each pair was seen."""
        keys = rows * self._n_columns + columns
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._keys[place] == keys


@dataclass(frozen=True)
class WarmPairs:
    """Training pairs with warm items numbered without gaps.

    Attributes:
        pairs: user_index and position of the item in ``warm_items``, shape (N, 2), int64.
        of_users: Draws of item positions for users.
        of_items: Draws of users for item positions.
    """

    pairs: Pairs
    of_users: PairDraws
    of_items: PairDraws

    @classmethod
    def of(cls, data: RivalInput) -> WarmPairs:
        """The pairs of a training set."""
        positions = np.searchsorted(data.warm_items, data.train[:, 1])
        pairs = np.stack((data.train[:, 0], positions), axis=1)
        n_users, n_warm = data.n_users, len(data.warm_items)
        return cls(
            pairs,
            PairDraws(pairs, n_rows=n_users, n_columns=n_warm),
            PairDraws(pairs[:, ::-1], n_rows=n_warm, n_columns=n_users),
        )


def shuffled_batches(n: int, at_most: int, *, generator: np.random.Generator) -> Iterator[Indices]:
    """All of [0, n) in a new order, in batches of nearly equal size.

    Equal, so that no batch of one row is left over, on which batch normalisation cannot work.

    Args:
        n: Examples.
        at_most: Largest batch; smaller on small data (``fitting_batch``).
        generator: Source of the order.

    Yields:
        Indices (b,), int64.
    """
    yield from np.array_split(generator.permutation(n), n_batches(n, fitting_batch(at_most, n)))


def n_batches(n: int, at_most: int) -> int:
    """Batches of at most ``at_most`` and at least two of ``n`` examples; two stands where both cannot be."""
    return max(1, min(math.ceil(n / at_most), n // 2))


Batch = TypeVar("Batch")


def pair_batches(
    warm: WarmPairs,
    batch_size: int,
    company: Callable[[Indices, Indices], Batch],
    *,
    generator: np.random.Generator,
) -> Callable[[int], Iterator[Batch]]:
    """Epochs of training pairs, each once in a new order, with whatever they are compared with.

    Args:
        warm: Training pairs.
        batch_size: Largest number of pairs per batch.
        company: Makes a batch of users (B,) and the positions of their items (B,), both int64.
        generator: Source of the order.

    Returns:
        Gives the batches of one epoch; its number does not matter, the generator goes on.
    """

    def batches(epoch: int) -> Iterator[Batch]:
        for rows in shuffled_batches(len(warm.pairs), batch_size, generator=generator):
            yield company(warm.pairs[rows, 0], warm.pairs[rows, 1])

    return batches


@dataclass(frozen=True)
class Triples:
    """A batch: users, one seen and one unseen warm item each; three int64 tensors (B,), items by position."""

    users: Tensor
    positives: Tensor
    negatives: Tensor


def triple_batches(
    data: RivalInput, batch_size: int, *, generator: np.random.Generator
) -> Callable[[int], Iterator[Triples]]:
    """Epochs of training pairs with one new negative each."""
    warm = WarmPairs.of(data)

    def triples(users: Indices, seen: Indices) -> Triples:
        unseen = warm.of_users.unseen(users, generator=generator)
        return Triples(*(torch.from_numpy(column) for column in (users, seen, unseen)))

    return pair_batches(warm, batch_size, triples, generator=generator)
