"""A file as a table: CSV, TSV, Parquet or JSON lines, columns checked by name, each record with its row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.columns import ITEM_ID, ROW, USER_ID
from data.errors import InputError, input_error
from data.readers.dataset import BATCH_ROWS
from data.readers.delimited import csv_batches, csv_header
from data.readers.jsonl import Record, chunks, id_column, jsonl_records, text_column
from data.readers.quotes import require_closed_quotes
from data.readers.text_files import require_encoding, require_file

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
OTHER_SEPARATORS = {  # what a header of one column may hold, and the way out
    "\t": "rename the file to end in .tsv",
    ";": "save the file with commas as .csv or with tabs as .tsv, and numbers with a decimal point",
    "|": "save the file with commas as .csv or with tabs as .tsv",
    ",": "rename the file to end in .csv",
}
PARQUET = (".parquet", ".pq")
IDS = (USER_ID, ITEM_ID)
JSON_ROWS = 50_000
OTHERS = "\0others"  # the column of a JSON lines batch with all fields not named, as a JSON object


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are wanted.

    Args:
        required: Must be there.
        optional: Are read where they are there.
        others: Whether all further columns are read too.
        hint: Another way out where a required one is missing.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    others: bool = False
    hint: str = ""


@dataclass(frozen=True)
class RawTable:
    """A file opened as a table.

    Args:
        path: The file.
        columns: Names of the columns that are read, without ``row``; in JSON lines without ``others``.
        batches: Yields the columns as the file has them (texts in CSV and JSON), and int64 ``row``.
        rows: Number of records where that is known or well guessed.
        fixed: Whether every record has the same columns, as in all but JSON lines; they have ``OTHERS`` if
            others were wanted.
        unread: Names of the columns that are there and not read.
    """

    path: Path
    columns: tuple[str, ...]
    batches: Callable[[], Iterator[pa.RecordBatch]]
    rows: int | None
    fixed: bool = True
    unread: tuple[str, ...] = ()


def open_table(path: Path, columns: Columns, *, encoding: str) -> RawTable:
    """Open a file by its ending.

    Args:
        path: Ends in .csv, .tsv, .parquet, .pq, .jsonl or .ndjson.
        columns: What to read.
        encoding: Of CSV, TSV and JSON lines.

    Raises:
        InputError: If the file is missing, empty, broken off or wrongly encoded, its ending is unknown, a
            quote is not closed, or a required column is not there; the message then lists the columns found
            and expected.
    """
    ending = path.suffix.lower()
    if ending in DELIMITERS:
        return _open_delimited(path, columns, delimiter=DELIMITERS[ending], encoding=encoding)
    if ending in PARQUET:
        return _open_parquet(path, columns)
    if ending in JSON_LINES:
        return _open_json_lines(path, columns, encoding=encoding)
    known = ", ".join([*DELIMITERS, *PARQUET, *JSON_LINES])
    raise input_error(
        path, f"unknown ending {ending!r}", remedy=f"convert or rename the file to one of {known}"
    )


def chosen(path: Path, found: Sequence[str], columns: Columns) -> tuple[str, ...]:
    """Pick the wanted ones among the columns found.

    Raises:
        InputError: If a required one is missing.
    """
    missing = [name for name in columns.required if name not in found]
    if missing:
        expected = ", ".join([*columns.required, *(f"{name} (optional)" for name in columns.optional)])
        problem = f"no column {', '.join(map(repr, missing))}; found {', '.join(found)}; expected {expected}"
        remedy = f"rename the columns, or check that this is the right file{columns.hint}"
        raise input_error(path, problem, remedy=remedy)
    named = (*columns.required, *columns.optional)
    return tuple(name for name in found if name in named or (columns.others and name != ROW))


def _open_delimited(path: Path, columns: Columns, *, delimiter: str, encoding: str) -> RawTable:
    found = csv_header(path, delimiter=delimiter, encoding=encoding)
    _refuse_other_separator(path, found, columns)
    require_closed_quotes(path, delimiter=delimiter, encoding=encoding)
    names = chosen(path, found, columns)
    lines = require_encoding(path, encoding)
    batches = csv_batches(path, names, delimiter=delimiter, encoding=encoding)
    return RawTable(path, names, batches, lines - 1, unread=_unread(found, names))


def _refuse_other_separator(path: Path, found: Sequence[str], columns: Columns) -> None:
    """Refuse a header that is one name to this file's ending and several to another separator."""
    separators = [mark for mark in OTHER_SEPARATORS if len(found) == 1 and mark in found[0]]
    if not separators or found[0] in columns.required or "\n" in found[0]:  # rows in it: a quote is open
        return
    ending, means = path.suffix.lower(), "tabs" if path.suffix.lower() == ".tsv" else "commas"
    problem = (
        f"found one column, {found[0]!r}: the separator seems to be {separators[0]!r}, {ending} means {means}"
    )
    raise input_error(path, problem, remedy=OTHER_SEPARATORS[separators[0]])


def _unread(found: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in found if name not in names)


def _open_parquet(path: Path, columns: Columns) -> RawTable:
    require_file(path)
    try:
        with pq.ParquetFile(path) as file:
            found, rows = list(file.schema_arrow.names), file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken_parquet(path, error) from error
    names = chosen(path, found, columns)
    ids = [name for name in IDS if name in names]

    def batches() -> Iterator[pa.RecordBatch]:
        first = 1
        try:
            # Ids repeat, so they are kept as dictionaries: a tenth of the memory, and looked up once each.
            with pq.ParquetFile(path, read_dictionary=ids) as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(names)):
                    rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
                    first += batch.num_rows
                    yield batch.append_column(ROW, pa.array(rows))
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken_parquet(path, error) from error

    return RawTable(path, names, batches, rows, unread=_unread(found, names))


def _broken_parquet(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return input_error(path, f"not a complete Parquet file ({reason})", remedy="write or copy the file again")


def _open_json_lines(path: Path, columns: Columns, *, encoding: str) -> RawTable:
    rows = require_encoding(path, encoding)
    names: tuple[str, ...] = (*columns.required, *columns.optional)
    unread: tuple[str, ...] = ()
    if not columns.others:
        # Lines may differ in their fields, so only a pass over all of them tells which there are.
        found = list(dict.fromkeys(name for _, record in jsonl_records(path, encoding) for name in record))
        names = (*columns.required, *(name for name in columns.optional if name in found))
        unread = _unread(found, names)

    def batches() -> Iterator[pa.RecordBatch]:
        for records in chunks(jsonl_records(path, encoding), JSON_ROWS):
            _require_fields(path, records, columns)
            held = {name: pa.array(_column(path, records, name), pa.string()) for name in names}
            if columns.others:
                held[OTHERS] = pa.array([_others(record, names) for _, record in records], pa.string())
            held[ROW] = pa.array([row for row, _ in records], pa.int64())
            yield pa.RecordBatch.from_pydict(held)

    return RawTable(path, names, batches, rows, fixed=False, unread=unread)


def _column(path: Path, records: list[Record], name: str) -> list[str | None]:
    return id_column(path, records, name) if name in IDS else text_column(path, records, name)


def _others(record: dict[str, Any], names: tuple[str, ...]) -> str:
    return json.dumps({name: value for name, value in record.items() if name not in names})


def _require_fields(path: Path, records: list[Record], columns: Columns) -> None:
    for row, held in records:
        missing = [name for name in columns.required if name not in held]
        if missing:
            problem = (
                f"no field {missing[0]!r}; found {', '.join(held)}; expected {', '.join(columns.required)}"
            )
            raise input_error(path, problem, remedy=f"add the field to every line{columns.hint}", row=row)
