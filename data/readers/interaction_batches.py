"""Interactions as the store takes them, from whatever a source calls its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.columns import ITEM_ID, ROW, TIME, USER_ID, WEIGHT
from data.errors import InputError
from data.readers.times import UNREADABLE, numbers, seconds


@dataclass(frozen=True)
class InteractionColumns:
    """What a source calls its columns; None where it has none."""

    user: str = USER_ID
    item: str = ITEM_ID
    time: str | None = TIME
    weight: str | None = WEIGHT


def interaction_batches(
    raw: Iterable[pa.RecordBatch],
    path: str,
    *,
    columns: InteractionColumns,
    min_rating: float | None,
    lenient: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Rename and convert batches, and leave out low ratings.

    Args:
        raw: Batches with the source's columns and ``row``.
        path: What messages call the file.
        columns: The source's names.
        min_rating: Events with a smaller weight are left out; None keeps all. A weight that is wrong, such
            as NaN or a negative one, is kept, so that the store refuses it by row.
        lenient: A time or weight that cannot be read becomes UNREADABLE or NaN, for a quarantine to find.

    Raises:
        InputError: If a time or weight cannot be read; the message names the row.
    """
    for batch in raw:
        rows: NDArray[np.int64] = batch.column(ROW).to_numpy()
        held = {USER_ID: batch.column(columns.user), ITEM_ID: batch.column(columns.item)}
        if columns.time is not None:
            convert = partial(seconds, name=columns.time, path=path)
            held[TIME] = _converted(
                convert, batch.column(columns.time), rows, wrong=_NO_TIME if lenient else None
            )
        if columns.weight is not None:
            convert = partial(numbers, name=columns.weight, path=path)
            held[WEIGHT] = _converted(
                convert, batch.column(columns.weight), rows, wrong=_NO_WEIGHT if lenient else None
            )
        held[ROW] = batch.column(ROW)
        found = pa.RecordBatch.from_pydict(held)
        if min_rating is not None and columns.weight is not None:
            low = pc.and_(pc.greater_equal(held[WEIGHT], 0.0), pc.less(held[WEIGHT], min_rating))
            found = found.filter(pc.invert(pc.fill_null(low, False)))
        yield found


_NO_TIME = pa.array([UNREADABLE], type=pa.int64())
_NO_WEIGHT = pa.array([float("nan")], type=pa.float64())


def _converted(
    convert: Callable[..., pa.Array], column: pa.Array, rows: NDArray[np.int64], *, wrong: pa.Array | None
) -> pa.Array:
    """Convert a column; with ``wrong``, halve it until the records that cannot be read stand alone."""
    try:
        return convert(column, rows=rows)
    except InputError:
        if wrong is None:
            raise
        if len(column) == 1:
            return wrong
    middle = len(column) // 2
    halves = ((column.slice(0, middle), rows[:middle]), (column.slice(middle), rows[middle:]))
    return pa.concat_arrays([_converted(convert, part, at, wrong=wrong) for part, at in halves])
