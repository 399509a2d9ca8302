"""Delimited text as Arrow batches of strings, each record with its row; any broken row is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from data.columns import ROW
from data.errors import input_error
from data.readers.text_files import require_encoding, utf8_blocks, utf8_file, without_mark

UNIT = "\x1f"  # ASCII's unit separator stands in for "::", since Arrow takes a delimiter of one character
CSV_BLOCK = 8 * 1024 * 1024


@dataclass
class _BrokenRows:
    """Keeps, by name and row, what Arrow could not parse."""

    path: Path
    before: int = 0  # rows of earlier blocks
    error: Exception | None = None

    def __call__(self, row: pacsv.InvalidRow) -> Literal["error"]:
        problem = f"expected {row.expected_columns} fields, got {row.actual_columns}: {row.text[:60]!r}"
        remedy = "complete or remove the row; the last row of a file may show that its copy broke off"
        self.error = input_error(self.path, problem, remedy=remedy, row=self.before + row.number)
        return "error"


def csv_header(path: Path, *, delimiter: str, encoding: str) -> list[str]:
    """Read the column names of a CSV file.

    Raises:
        InputError: If the file is missing, empty or wrongly encoded, its first row no header, or a name stands
            twice.
    """
    require_encoding(path, encoding)
    with path.open(encoding=without_mark(encoding), newline="") as file:
        try:
            names = next(csv.reader(file, delimiter=delimiter), [])
        except csv.Error as error:
            remedy = "close a quote that is open there, or check that this is the right file"
            raise input_error(path, f"no header ({error})", remedy=remedy, row=1) from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise input_error(path, f"column {twice[0]!r} stands twice", remedy="rename one of them", row=1)
    return names


def csv_batches(
    path: Path, columns: Sequence[str], *, delimiter: str, encoding: str
) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Return an opener that yields the wanted columns as strings, and column ``row`` (header: row 1).

    Rows in which all of these are empty, as blank lines are, are passed over but counted.

    Args:
        path: A file with a header.
        columns: Names out of that header.
        delimiter: One character.
        encoding: Of the file.

    Raises:
        InputError: While reading, if a row has another number of fields than the header.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        broken = _BrokenRows(path)
        with utf8_file(path, encoding) as file, _named(path, broken):
            reader = pacsv.open_csv(
                file,
                read_options=pacsv.ReadOptions(use_threads=False, block_size=CSV_BLOCK),
                parse_options=pacsv.ParseOptions(
                    delimiter=delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=broken,
                ),
                convert_options=_strings(columns),
            )
            read = 1
            for batch in reader:
                yield _with_rows(batch, first_row=read + 1)
                read += batch.num_rows

    return batches


def double_colon_batches(
    path: Path, columns: Sequence[str], *, encoding: str
) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Return an opener of a ``::`` file without header: the columns as strings, and column ``row``.

    Args and errors as :func:`csv_batches`.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        read, broken = 0, _BrokenRows(path)
        for block in utf8_blocks(path, encoding):
            broken.before = read
            with _named(path, broken):
                table = pacsv.read_csv(
                    io.BytesIO(block.replace(b"::", UNIT.encode())),
                    read_options=pacsv.ReadOptions(
                        column_names=list(columns), use_threads=False, block_size=len(block) * 2 + 1
                    ),
                    parse_options=pacsv.ParseOptions(
                        delimiter=UNIT, quote_char=False, ignore_empty_lines=False, invalid_row_handler=broken
                    ),
                    convert_options=_strings(columns),
                )
            for batch in table.to_batches():
                yield _with_rows(batch, first_row=read + 1)
                read += batch.num_rows

    return batches


@contextmanager
def _named(path: Path, broken: _BrokenRows) -> Iterator[None]:
    """Raise the collected, named error in place of Arrow's."""
    try:
        yield
    except pa.ArrowInvalid as error:
        if broken.error is not None:
            raise broken.error from error
        raise input_error(path, str(error), remedy="check the file's format") from error


def _strings(columns: Sequence[str]) -> pacsv.ConvertOptions:
    return pacsv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=list(columns),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
    )


def _with_rows(batch: pa.RecordBatch, *, first_row: int) -> pa.RecordBatch:
    rows = np.arange(first_row, first_row + batch.num_rows, dtype=np.int64)
    blank = pc.equal(batch.column(0), "")
    for column in batch.columns[1:]:
        if not pc.any(blank).as_py():
            break
        blank = pc.and_(blank, pc.equal(column, ""))
    numbered = batch.append_column(ROW, pa.array(rows))
    return numbered.filter(pc.invert(blank)) if pc.any(blank).as_py() else numbered
