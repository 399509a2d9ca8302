"""Exact top-K by inner product with known positives excluded; numpy only, so that serving needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatTable = NDArray[np.float32]
"""Vectors, one per row, shape (rows, F), float32."""
IndexArray = NDArray[np.int64]
"""Row numbers of a table, int64."""

CELLS_PER_BLOCK = 8_000_000
"""Scores held at once: 32 MB of float32."""


@dataclass(frozen=True)
class ExclusionLists:
    """Per query the rows that must not be returned, as in a CSR matrix without values.

    Attributes:
        offsets: Row ``q``'s list is ``rows[offsets[q]:offsets[q + 1]]``; shape (B + 1,), int64.
        rows: Excluded rows of the table, shape (n,), int64; order and repetition do not matter.
    """

    offsets: IndexArray
    rows: IndexArray

    def __post_init__(self) -> None:
        if self.offsets.ndim != 1 or len(self.offsets) < 1 or self.offsets[0] != 0:
            raise ValueError("offsets must be one-dimensional and begin with 0")
        if np.any(np.diff(self.offsets) < 0) or self.offsets[-1] != len(self.rows):
            raise ValueError(
                f"offsets must not fall and must end with the number of rows ({len(self.rows)}), "
                f"got {self.offsets[-1]}"
            )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_pairs(cls, pairs: IndexArray, *, n_queries: int) -> ExclusionLists:
        """Group pairs by query.

        Args:
            pairs: Column 0 the query's position, column 1 the excluded row; shape (n, 2), int64.
            n_queries: Number of queries B; positions are in [0, B).

        Returns:
            The lists of all queries.

        Raises:
            ValueError: If ``pairs`` has another shape or a position outside [0, B).
        """
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"pairs must have shape (n, 2), got {pairs.shape}")
        positions = pairs[:, 0]
        if len(pairs) and not (positions.min() >= 0 and positions.max() < n_queries):
            raise ValueError(
                f"query positions must be in [0, {n_queries}), got {positions.min()} to {positions.max()}"
            )
        counts = np.bincount(positions, minlength=n_queries)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return cls(offsets, pairs[np.argsort(positions, kind="stable"), 1].astype(np.int64))


def top_k(
    queries: FloatTable, table: FloatTable, *, k: int, exclude: ExclusionLists | None = None
) -> tuple[IndexArray, FloatTable]:
    """The ``k`` rows of ``table`` with the greatest inner product, for each query, exactly.

    Args:
        queries: Shape (B, F), float32.
        table: Shape (I, F), float32.
        k: Rows returned per query, 1 <= k <= I.
        exclude: Rows a query must not get, B lists. None: every row may come.

    Returns:
        Row numbers (B, k) int64 by falling score, equal scores by rising row number; and their scores
        (B, k) float32. A query with fewer than ``k`` rows left ends with row -1 and score -inf.

    Raises:
        ValueError: If shapes do not fit, ``k`` is not in [1, I], ``exclude`` has another number of lists or
            names a row outside the table, or a score is not a number.
    """
    _check(queries, table, k, exclude)
    indices = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    block = max(1, CELLS_PER_BLOCK // len(table))
    for start in range(0, len(queries), block):
        stop = min(start + block, len(queries))
        products = queries[start:stop] @ table.T  # (b, I)
        if np.isnan(products).any():
            raise ValueError("a score is not a number: queries or table hold values that are not finite")
        if exclude is not None:
            _mask(products, exclude, start, stop)
        indices[start:stop], scores[start:stop] = _top_of_each_row(products, k)
    return indices, scores


def _mask(products: FloatTable, exclude: ExclusionLists, start: int, stop: int) -> None:
    """Write -inf where a query must not get a row."""
    offsets = exclude.offsets[start : stop + 1]
    query = np.repeat(np.arange(stop - start), np.diff(offsets))
    products[query, exclude.rows[offsets[0] : offsets[-1]]] = -np.inf


def _top_of_each_row(scores: FloatTable, k: int) -> tuple[IndexArray, FloatTable]:
    """The k greatest cells of each row; equal ones by rising column."""
    n_columns = scores.shape[1]
    kept = np.argpartition(scores, n_columns - k, axis=1)[:, n_columns - k :]  # (b, k), any order
    threshold = np.take_along_axis(scores, kept, axis=1).min(axis=1)  # (b,)
    # argpartition chooses freely among cells equal to the threshold: settle those rows by column
    reached = (scores >= threshold[:, None]).sum(axis=1)
    for row in np.flatnonzero(reached > k):
        above = np.flatnonzero(scores[row] > threshold[row])
        equal = np.flatnonzero(scores[row] == threshold[row])
        kept[row] = np.concatenate((above, equal[: k - len(above)]))
    kept.sort(axis=1)
    values = np.take_along_axis(scores, kept, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")  # columns rise, so a stable sort settles ties
    kept, values = np.take_along_axis(kept, order, axis=1), np.take_along_axis(values, order, axis=1)
    return np.where(np.isneginf(values), -1, kept), values


def _check(queries: FloatTable, table: FloatTable, k: int, exclude: ExclusionLists | None) -> None:
    """Refuse what does not fit together."""
    if queries.ndim != 2 or table.ndim != 2 or queries.shape[1] != table.shape[1]:
        raise ValueError(
            "queries (B, F) and table (I, F) must be of equal width, "
            f"got shapes {queries.shape} and {table.shape}"
        )
    if not 1 <= k <= len(table):
        raise ValueError(f"k must be between 1 and the number of rows ({len(table)}), got {k}")
    if exclude is None:
        return
    if len(exclude) != len(queries):
        raise ValueError(f"exclude must have one list per query ({len(queries)}), got {len(exclude)}")
    if len(exclude.rows) and not (exclude.rows.min() >= 0 and exclude.rows.max() < len(table)):
        raise ValueError(
            f"excluded rows must be in [0, {len(table)}), got {exclude.rows.min()} to {exclude.rows.max()}"
        )
