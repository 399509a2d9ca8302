"""Checks of what a reader found, whole batches at a time; the first wrong record is named by its row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.columns import ATTRIBUTES, CREATED_AT, ITEM_ID, ROW, TEXT, TIME, USER_ID, WEIGHT
from data.errors import input_error

CLOCK_SKEW_S = 300  # a time this little ahead of our clock is a clock, not a mistake
ID_LIMIT = 500  # characters of an id; PostgreSQL indexes at most 2,700 bytes
MILLISECONDS_FROM = 100_000_000_000  # unix seconds reach this in the year 5138


@dataclass(frozen=True)
class CheckedIds:
    """Ids of n records: ``values[codes]``, each distinct id once, in order of appearance.

    Args:
        codes: Shape (n,), int64.
        values: The distinct ids, shape (v,), object holding ``str``.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.object_]


@dataclass(frozen=True)
class CheckedUsers:
    """Users of one batch: ids, times of creation (n,) int64 unix seconds, rows (n,) int64."""

    ids: list[str]
    created_at: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class CheckedItems:
    """Items of one batch: ids, texts within the limit, attributes as JSON, created_at and rows (n,) int64."""

    ids: list[str]
    texts: list[str]
    attributes: list[str]
    created_at: NDArray[np.int64]
    rows: NDArray[np.int64]
    truncated: int


@dataclass(frozen=True)
class CheckedInteractions:
    """Events of one batch: times (n,) int64 unix seconds, weights (n,) float32, rows (n,) int64."""

    users: CheckedIds
    items: CheckedIds
    times: NDArray[np.int64]
    weights: NDArray[np.float32]
    rows: NDArray[np.int64]


def checked_users(batch: pa.RecordBatch, path: str, *, first_row: int, now: int) -> CheckedUsers:
    """Check a batch of users.

    Args:
        batch: Columns as in :class:`data.readers.dataset.Dataset`.
        path: What messages call the table.
        first_row: The row of the first record where the batch has no column ``row``.
        now: Unix seconds; the created_at of records without one, and the end of the past.

    Raises:
        InputError: If a column is missing, an id is missing or empty, or a time lies in the future.
    """
    rows = _rows(batch, first_row)
    found = _ids(batch, USER_ID, path, rows=rows)
    return CheckedUsers(
        found.values[found.codes].tolist(), _created_at(batch, path, rows=rows, now=now), rows
    )


def checked_items(
    batch: pa.RecordBatch, path: str, *, first_row: int, now: int, text_limit: int
) -> CheckedItems:
    """Check a batch of items and cut texts longer than ``text_limit`` characters.

    Args and errors as :func:`checked_users`; an empty text is an error too.
    """
    rows = _rows(batch, first_row)
    found = _ids(batch, ITEM_ID, path, rows=rows)
    texts = _strings(batch, TEXT, path, rows=rows)
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
    at = _first(empty)
    if at is not None:
        problem = f"the text of item {found.values[found.codes[at]]!r} is empty"
        raise input_error(path, problem, remedy="give the item a text, or leave it out", row=int(rows[at]))
    long = pc.greater(pc.utf8_length(texts), text_limit)
    n_long = int(pc.sum(long).as_py() or 0)
    if n_long:
        texts = pc.if_else(long, pc.utf8_slice_codeunits(texts, 0, text_limit), texts)
    attributes = ["{}"] * len(rows)
    if ATTRIBUTES in batch.schema.names:
        attributes = _strings(batch, ATTRIBUTES, path, rows=rows).to_pylist()
    return CheckedItems(
        ids=found.values[found.codes].tolist(),
        texts=texts.to_pylist(),
        attributes=attributes,
        created_at=_created_at(batch, path, rows=rows, now=now),
        rows=rows,
        truncated=n_long,
    )


def checked_interactions(
    batch: pa.RecordBatch, path: str, *, first_row: int, now: int
) -> CheckedInteractions:
    """Check a batch of interactions.

    Args as :func:`checked_users`.

    Raises:
        InputError: If a column is missing, an id is missing or empty, a time is negative or in the
            future, or a weight is missing, NaN, infinite or negative.
    """
    rows = _rows(batch, first_row)
    times, weights = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=np.float32)
    if TIME in batch.schema.names:
        times = _times(batch, TIME, path, rows=rows, now=now)
    if WEIGHT in batch.schema.names:
        weights = _weights(batch, path, rows=rows)
    return CheckedInteractions(
        users=_ids(batch, USER_ID, path, rows=rows),
        items=_ids(batch, ITEM_ID, path, rows=rows),
        times=times,
        weights=weights,
        rows=rows,
    )


def _rows(batch: pa.RecordBatch, first_row: int) -> NDArray[np.int64]:
    if ROW in batch.schema.names:
        return _numpy(batch.column(ROW)).astype(np.int64, copy=False)
    return np.arange(first_row, first_row + batch.num_rows, dtype=np.int64)


def _column(batch: pa.RecordBatch, name: str, path: str) -> pa.Array:
    if name not in batch.schema.names:
        found = ", ".join(column for column in batch.schema.names if column != ROW)
        raise input_error(path, f"no column {name!r}, found {found}", remedy=f"name the column {name}")
    return batch.column(name)


def _ids(batch: pa.RecordBatch, name: str, path: str, *, rows: NDArray[np.int64]) -> CheckedIds:
    column = _column(batch, name, path)
    if not isinstance(column, pa.DictionaryArray):
        column = _as_text(column, name, path).dictionary_encode()
    values = np.asarray(_as_text(column.dictionary, name, path).to_pylist(), dtype=object)
    missing = _first(column.indices.is_null())
    if missing is not None:
        raise input_error(path, f"{name} is missing", remedy="fill it in", row=int(rows[missing]))
    codes = _numpy(column.indices).astype(np.int64, copy=False)
    for at, value in enumerate(values):
        if not value or "\0" in value or len(value) > ID_LIMIT:
            row = int(rows[np.flatnonzero(codes == at)[0]]) if (codes == at).any() else None
            expected = f"a text without NUL characters of 1 to {ID_LIMIT} characters"
            problem = f"{name} must be {expected}, got {value[:60]!r} ({len(value)} characters)"
            raise input_error(path, problem, remedy="correct the id", row=row)
    return CheckedIds(codes, values)


def _strings(batch: pa.RecordBatch, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    column = _column(batch, name, path)
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    column = pc.fill_null(_as_text(column, name, path), "")
    nul = _first(pc.match_substring(column, "\0"))
    if nul is not None:
        raise input_error(path, f"{name} has a NUL character", remedy="remove it", row=int(rows[nul]))
    return column


def _as_text(column: pa.Array, name: str, path: str) -> pa.Array:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    if pa.types.is_integer(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    raise input_error(path, f"{name} must hold texts, found type {column.type}", remedy="store it as text")


def _created_at(batch: pa.RecordBatch, path: str, *, rows: NDArray[np.int64], now: int) -> NDArray[np.int64]:
    if CREATED_AT not in batch.schema.names:
        return np.full(len(rows), now, dtype=np.int64)
    times = _times(batch, CREATED_AT, path, rows=rows, now=now)
    return np.where(times == 0, now, times)


def _times(
    batch: pa.RecordBatch, name: str, path: str, *, rows: NDArray[np.int64], now: int
) -> NDArray[np.int64]:
    column = _column(batch, name, path)
    if not pa.types.is_integer(column.type):
        raise input_error(
            path, f"{name} must be unix seconds, found type {column.type}", remedy="store integers"
        )
    times = _numpy(pc.fill_null(column, 0)).astype(np.int64, copy=False)
    wrong = np.flatnonzero((times < 0) | (times > now + CLOCK_SKEW_S))
    if wrong.size:
        value, row = int(times[wrong[0]]), int(rows[wrong[0]])
        if value < 0:
            raise input_error(
                path, f"{name} must not be negative, got {value}", remedy="use unix seconds", row=row
            )
        unit = "; it looks like milliseconds, divide by 1000" if value >= MILLISECONDS_FROM else ""
        problem = f"{name} {value} lies in the future (now is {now} unix seconds)"
        raise input_error(path, problem, remedy=f"correct the time or the clock{unit}", row=row)
    return times


def _weights(batch: pa.RecordBatch, path: str, *, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    column = batch.column(WEIGHT)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise input_error(
            path, f"{WEIGHT} must be a number, found type {column.type}", remedy="store numbers"
        )
    numbers = _numpy(pc.fill_null(column.cast(pa.float64()), float("nan")))
    with np.errstate(over="ignore"):
        weights = numbers.astype(np.float32)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        problem = f"{WEIGHT} must be a finite number of at least 0, got {numbers[wrong[0]]}"
        raise input_error(
            path, problem, remedy="correct the weight, or leave the row out", row=int(rows[wrong[0]])
        )
    return weights


def _first(mask: pa.Array) -> int | None:
    at = pc.index(mask, True).as_py()
    return None if at < 0 else int(at)


def _numpy(column: pa.Array) -> NDArray[np.int64]:
    array: NDArray[np.int64] = column.to_numpy(zero_copy_only=False)
    return array
