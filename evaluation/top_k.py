"""The best ``k`` of each row, with ties broken by a seeded order and not by the accident of an index."""

from __future__ import annotations

import numpy as np

from evaluation.array_types import Indices, Pairs, Scores


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
    rows = np.arange(n_rows)[:, None]
    if kept < n_columns:
        chosen = np.argpartition(scores, n_columns - kept, axis=1)[:, n_columns - kept :]
        cut = scores[rows, chosen].min(axis=1)
        tied = np.flatnonzero((scores >= cut[:, None]).sum(axis=1) > kept)
        if len(tied):
            chosen[tied] = _chosen_among_ties(scores[tied], cut[tied], kept, starts[tied])
    else:
        chosen = np.broadcast_to(np.arange(n_columns), (n_rows, n_columns))
    values = scores[rows, chosen]
    place = (chosen - starts[:, None]) % max(n_columns, 1)
    order = np.lexsort((place, -values), axis=1)
    ranked = np.full((n_rows, k), -1, dtype=np.int64)
    ranked[:, :kept] = np.where(np.isneginf(values), -1, chosen)[rows, order]
    return ranked


def _chosen_among_ties(scores: Scores, cut: Scores, kept: int, starts: Indices) -> Indices:
    """Columns above the cut, filled up with the first columns at the cut after each row's start."""
    above = scores > cut[:, None]
    level = scores == cut[:, None]
    running = np.cumsum(level, axis=1)  # (b, c)
    rows = np.arange(len(scores))
    before = running[rows, starts] - level[rows, starts]
    place = running - before[:, None]
    ahead = np.arange(scores.shape[1]) < starts[:, None]
    place = np.where(ahead, place + running[:, -1:], place)
    take = above | (level & (place <= kept - above.sum(axis=1)[:, None]))
    return np.nonzero(take)[1].reshape(len(scores), kept)


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
