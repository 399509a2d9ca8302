"""Interactions as the store takes them, from whatever a source calls its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.columns import ITEM_ID, ROW, TIME, USER_ID, WEIGHT
from data.readers.times import numbers, seconds


@dataclass(frozen=True)
class InteractionColumns:
    """What a source calls its columns; None where it has none."""

    user: str = USER_ID
    item: str = ITEM_ID
    time: str | None = TIME
    weight: str | None = WEIGHT


def interaction_batches(
    raw: Iterable[pa.RecordBatch], path: str, *, columns: InteractionColumns, min_rating: float | None
) -> Iterator[pa.RecordBatch]:
    """Rename and convert batches, and leave out low ratings.

    Args:
        raw: Batches with the source's columns and ``row``.
        path: What messages call the file.
        columns: The source's names.
        min_rating: Events with a smaller weight are left out; None keeps all. A weight that is wrong, such
            as NaN or a negative one, is kept, so that the store refuses it by row.

    Raises:
        InputError: If a time or weight cannot be read; the message names the row.
    """
    for batch in raw:
        rows: NDArray[np.int64] = batch.column(ROW).to_numpy()
        held = {USER_ID: batch.column(columns.user), ITEM_ID: batch.column(columns.item)}
        if columns.time is not None:
            held[TIME] = seconds(batch.column(columns.time), columns.time, path, rows=rows)
        if columns.weight is not None:
            held[WEIGHT] = numbers(batch.column(columns.weight), columns.weight, path, rows=rows)
        held[ROW] = batch.column(ROW)
        found = pa.RecordBatch.from_pydict(held)
        if min_rating is not None and columns.weight is not None:
            low = pc.and_(pc.greater_equal(held[WEIGHT], 0.0), pc.less(held[WEIGHT], min_rating))
            found = found.filter(pc.invert(pc.fill_null(low, False)))
        yield found
