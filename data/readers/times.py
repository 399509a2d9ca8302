"""Times and weights as files write them, turned into unix seconds and floating numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.errors import input_error

UNREADABLE = int(np.iinfo(np.int64).min)  # stands for a time that cannot be read, where those are let pass
_YEARS = (1900, 2100)
_UNIX_SECONDS = r"^-?[0-9]{1,15}(\.[0-9]+)?$"


def seconds(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    """Turn a column of times into int64 unix seconds.

    Args:
        column: Integers, floats or texts with unix seconds, ISO 8601 texts (UTC where they name no zone),
            timestamps or dates; null and empty mean unknown and become 0. Parts of a second are cut off.
        name: Of the column, for messages.
        path: Of the file, for messages.
        rows: Where each record stands, shape (n,), int64.

    Raises:
        InputError: If a value is none of these; the message names the first such row. Likewise if all
            known ones read as years or dates without dashes, such as 2024 or 20240501.
    """
    if pa.types.is_integer(column.type):
        return _from_integers(pc.fill_null(column, 0), name, path, rows=rows)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return pc.fill_null(_since_1970(column), 0)
    if pa.types.is_floating(column.type):
        return _from_floats(column, name, path, rows=rows)
    if pa.types.is_null(column.type):
        return pa.array(np.zeros(len(column), dtype=np.int64))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _from_texts(pc.utf8_trim_whitespace(pc.fill_null(column, "")), name, path, rows=rows)
    raise input_error(path, f"{name} has type {column.type}", remedy="store unix seconds or ISO 8601 times")


def numbers(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    """Turn a column of numbers, or of texts with numbers, into float64; null stays null.

    Raises:
        InputError: If a text is no number; the message names the first such row.
    """
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        if (
            pa.types.is_integer(column.type)
            or pa.types.is_floating(column.type)
            or pa.types.is_decimal(column.type)
        ):
            return column.cast(pa.float64())
        raise input_error(path, f"{name} has type {column.type}, expected numbers", remedy="store numbers")
    trimmed = pc.utf8_trim_whitespace(column)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid as error:
        for at, text in enumerate(trimmed.to_pylist()):
            if not _is_number(text):
                problem = f"{name} must be a number, got {text!r}"
                raise input_error(path, problem, remedy="correct the value", row=int(rows[at])) from error
        raise input_error(path, f"{name} cannot be read ({error})", remedy="write plain numbers") from error


def _from_integers(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    if pa.types.is_uint64(column.type):
        _require_int64(column, name, path, rows=rows)
    found = column.cast(pa.int64())
    _require_no_dates(found.to_numpy(zero_copy_only=False), name, path, rows=rows)
    return found


def _require_int64(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> None:
    wrong = np.flatnonzero(column.to_numpy(zero_copy_only=False) > np.iinfo(np.int64).max)
    if wrong.size:
        problem = f"{name} must be unix seconds, got {column[wrong[0]].as_py()}"
        raise input_error(path, problem, remedy="correct the time", row=int(rows[wrong[0]]))


def _from_floats(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~np.isfinite(values) | (np.abs(values) > 1e15))
    if wrong.size:
        problem = f"{name} must be unix seconds, got {values[wrong[0]]}"
        raise input_error(path, problem, remedy="correct the time", row=int(rows[wrong[0]]))
    _require_no_dates(values, name, path, rows=rows)
    return pa.array(np.floor(values).astype(np.int64))


def _from_texts(texts: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    plain = pc.match_substring_regex(texts, _UNIX_SECONDS).to_numpy(zero_copy_only=False)
    empty = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    numerals = _values(texts if plain.all() else texts.filter(pa.array(plain)))
    if (plain | empty).all():
        _require_no_dates(numerals, name, path, rows=rows[np.flatnonzero(plain)])
    found = np.zeros(len(texts), dtype=np.int64)
    found[plain] = np.floor(numerals)
    for at in np.flatnonzero(~(plain | empty)).tolist():
        found[at] = _from_iso(texts[at].as_py(), name, path, row=int(rows[at]))
    return pa.array(found)


def _values(numerals: pa.Array) -> NDArray[np.number[Any]]:
    kind = pa.float64() if pc.any(pc.match_substring(numerals, ".")).as_py() else pa.int64()
    values: NDArray[np.number[Any]] = numerals.cast(kind).to_numpy(zero_copy_only=False)
    return values


def _require_no_dates(
    values: NDArray[np.number[Any]], name: str, path: str, *, rows: NDArray[np.int64]
) -> None:
    """Refuse numbers that, one and all but for unknown ones, are years or dates, never mind 1970."""
    at = np.flatnonzero(values)
    known = values[at]
    if not known.size or not (_all_years(known) or _all_dates(known)):
        return
    problem = f"{name} holds {known[0]:.0f}, a year or date, expected unix seconds or ISO 8601 with dashes"
    raise input_error(path, problem, remedy="write 2024-05-01", row=int(rows[at[0]]))


def _all_years(values: NDArray[np.number[Any]]) -> bool:
    first, last = _YEARS
    return bool(np.all((values >= first) & (values <= last) & (values % 1 == 0)))


def _all_dates(values: NDArray[np.number[Any]]) -> bool:
    if not _all_years(values // 10_000) or np.any(values % 1 != 0):
        return False
    return all(_is_date(str(int(value))) for value in np.unique(values).tolist())


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _from_iso(text: str, name: str, path: str, *, row: int) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{name} must be unix seconds or an ISO 8601 time, got {text!r}"
        remedy = "write 1364690142 or 2013-03-31T00:35:42+00:00"
        raise input_error(path, problem, remedy=remedy, row=row) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _since_1970(column: pa.Array) -> pa.Array:
    kind = pa.timestamp("s", tz=getattr(column.type, "tz", None))
    return column.cast(kind, safe=False).cast(pa.int64())


def _is_number(text: str | None) -> bool:
    if text is None:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
