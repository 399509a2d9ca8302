"""The best ``k`` of each row, with ties broken by a seeded order and not by the accident of an index."""

from __future__ import annotations

import numpy as np

from evaluation.array_types import Flags, Indices, Pairs, Scores

CROWD = 8
"""Rows that keep more than this many times the wanted columns after the first sieve are full of ties."""


def top_columns(scores: Scores, *, k: int, starts: Indices) -> Indices:
    """Columns of the ``k`` highest scores of each row.

    Equal scores are ordered by the place of their column, counted from ``starts[row]`` onwards and around.
    The caller shuffles the columns beforehand (:func:`shuffled`), so that the order among ties is a seeded
    random one; different starts give different rows different orders.

    Args:
        scores: Shape (b, c), float32; -inf marks a column that must not be ranked.
        k: Places, at least 1.
        starts: Where each row's tie order begins, shape (b,), int64, in [0, c).

    Returns:
        Column numbers, shape (b, k), int64, best first, -1 where no column is left.
    """
    n_rows, n_columns = scores.shape
    kept = min(k, n_columns)
    ranked = np.full((n_rows, k), -1, dtype=np.int64)
    sieved = scores >= _lower_bound(scores, kept)[:, None]
    crowded = sieved.sum(axis=1) > CROWD * kept
    many, few = np.flatnonzero(crowded), np.flatnonzero(~crowded)
    ranked[few, :kept] = _best_of_few(scores[few], sieved[few], kept, starts[few])
    ranked[many, :kept] = _best_of_many(scores[many], kept, starts[many])
    allowed = np.take_along_axis(scores, ranked, axis=1) > -np.inf  # -1 reads the last column: masked below
    return np.where(allowed, ranked, -1)


def _lower_bound(scores: Scores, kept: int) -> Scores:
    """A value that at least ``kept`` scores of the row reach: the ``kept``-th largest of group maxima."""
    n_rows, n_columns = scores.shape
    groups = 2 * kept
    width = n_columns // groups
    if width < 2:
        return np.full(n_rows, -np.inf, dtype=np.float32)
    maxima = scores[:, : groups * width].reshape(n_rows, groups, width).max(axis=2)  # (b, 2 kept)
    bound: Scores = np.partition(maxima, groups - kept, axis=1)[:, groups - kept]
    return bound


def _best_of_few(scores: Scores, sieved: Flags, kept: int, starts: Indices) -> Indices:
    """Sort only the columns that passed the sieve, of all rows in one go."""
    rows, columns = np.nonzero(sieved)
    places = (columns - starts[rows]) % scores.shape[1]
    order = np.lexsort((-_order_keys(scores[rows, columns], places), rows))
    counts = sieved.sum(axis=1)
    first = np.cumsum(counts) - counts
    return columns[order][first[:, None] + np.arange(kept)]


def _best_of_many(scores: Scores, kept: int, starts: Indices) -> Indices:
    """Partition whole rows by score and place together, so that no two columns are equal."""
    n_columns = scores.shape[1]
    places = np.arange(n_columns) - starts[:, None]
    keys = _order_keys(scores, np.where(places < 0, places + n_columns, places))  # (b, c)
    chosen = np.argpartition(keys, n_columns - kept, axis=1)[:, n_columns - kept :]
    order = np.argsort(-np.take_along_axis(keys, chosen, axis=1), axis=1)
    return np.take_along_axis(chosen, order, axis=1)


def _order_keys(scores: Scores, places: Indices) -> Indices:
    """One number per column that orders by rising score, then by falling place; never equal within a row."""
    bits = (scores + np.float32(0)).view(np.int32)  # the sum turns -0 into 0
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))  # IEEE 754 floats sort like these integers
    return (ordered.astype(np.int64) << 32) - places


def shuffled(candidates: Indices, *, seed: int) -> Indices:
    """The candidates in a seeded random order that does not depend on the order in which they were given."""
    return np.random.default_rng(seed).permutation(np.sort(candidates))


def tie_starts(rows: Indices, history: Pairs, *, n_columns: int, seed: int) -> Indices:
    """Draw where the tie order of each row begins from what the row's user has in training.

    Users with different histories get different orders (a model without any signal is then at chance for
    each of them, and not right or wrong for all at once), and numbering users differently changes nothing.

    Args:
        rows: User indices, shape (n,), int64.
        history: Training pairs (N, 2), int64.
        n_columns: Candidates, at least 1.
        seed: Seed of the draw.

    Returns:
        Shape (n,), int64, in [0, n_columns).
    """
    n_users = int(max(rows.max(initial=-1), history[:, 0].max(initial=-1))) + 1
    n_items = int(history[:, 1].max(initial=-1)) + 1
    token = np.random.default_rng(seed).integers(0, 2**31, size=n_items)
    sums = np.zeros(n_users, dtype=np.int64)
    np.add.at(sums, history[:, 0], token[history[:, 1]])
    return sums[rows] % n_columns
