"""Times and weights as files write them, turned into unix seconds and floating numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.errors import input_error

UNREADABLE = int(np.iinfo(np.int64).min)  # stands for a time that cannot be read, where those are let pass
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
        InputError: If a value is none of these; the message names the first such row.
    """
    if pa.types.is_integer(column.type):
        return pc.fill_null(column.cast(pa.int64()), 0)
    if pa.types.is_temporal(column.type):
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


def _from_floats(column: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~np.isfinite(values) | (np.abs(values) > 1e15))
    if wrong.size:
        problem = f"{name} must be unix seconds, got {values[wrong[0]]}"
        raise input_error(path, problem, remedy="correct the time", row=int(rows[wrong[0]]))
    return pa.array(np.floor(values).astype(np.int64))


def _from_texts(texts: pa.Array, name: str, path: str, *, rows: NDArray[np.int64]) -> pa.Array:
    plain = pc.match_substring_regex(texts, _UNIX_SECONDS)
    if pc.all(plain).as_py():
        return _from_numerals(texts)
    found = np.zeros(len(texts), dtype=np.int64)
    is_plain = plain.to_numpy(zero_copy_only=False)
    found[is_plain] = _from_numerals(texts.filter(plain)).to_numpy(zero_copy_only=False)
    for at in np.flatnonzero(~is_plain).tolist():
        text = texts[at].as_py()
        if text:
            found[at] = _from_iso(text, name, path, row=int(rows[at]))
    return pa.array(found)


def _from_numerals(texts: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring(texts, ".")).as_py():
        return texts.cast(pa.int64())
    return pc.floor(texts.cast(pa.float64())).cast(pa.int64())


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
