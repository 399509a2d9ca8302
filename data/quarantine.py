"""Interactions that cannot be right are set aside, each with its reason, while the rest of a file goes in."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.columns import ITEM_ID, ROW, TIME, USER_ID, WEIGHT
from data.errors import InputError, input_error
from data.readers.checks import CLOCK_SKEW_S, ID_LIMIT
from data.readers.times import UNREADABLE

HEADER = (ROW, USER_ID, ITEM_ID, TIME, WEIGHT, "reason")
LARGEST_SHARE = 0.5  # of a file: when more than this is wrong, the file itself is

Unknown = Callable[[str, list[str]], set[str]]


@dataclass
class Quarantine:
    """Where rows that are set aside are written, as CSV with the columns of :data:`HEADER`.

    Args:
        file: Written once, when the import is about to end well; a file from before is replaced.
    """

    file: Path
    _held: list[tuple[object, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._held)

    def sift(self, batch: pa.RecordBatch, *, first_row: int, now: int, unknown: Unknown) -> pa.RecordBatch:
        """Set the wrong rows of a batch of interactions aside and return the others.

        Args:
            batch: Columns as in :class:`data.readers.dataset.Dataset`.
            first_row: The row of the first record where the batch has no column ``row``.
            now: Unix seconds, the end of the past.
            unknown: Given ``user_id`` or ``item_id`` and distinct ids, those that nobody listed.
        """
        if ROW not in batch.schema.names:
            rows = pa.array(np.arange(first_row, first_row + batch.num_rows))
            batch = batch.append_column(ROW, rows)
        reasons = np.full(batch.num_rows, "", dtype=object)
        for name in (USER_ID, ITEM_ID):
            _judge_ids(batch, name, reasons, unknown=unknown)
        _judge_times(batch, reasons, now=now)
        _judge_weights(batch, reasons)
        wrong = reasons != ""
        if not wrong.any():
            return batch
        aside = batch.filter(pa.array(wrong))
        columns = [
            aside.column(name).to_pylist() if name in batch.schema.names else [None] * aside.num_rows
            for name in HEADER[:-1]
        ]
        self._held += zip(*columns, reasons[wrong].tolist(), strict=True)
        return batch.filter(pa.array(~wrong))

    def write(self, path: str, total: int) -> None:
        """Write what was set aside.

        Args:
            path: What messages call the file that was imported.
            total: How many rows it had.

        Raises:
            InputError: If more than :data:`LARGEST_SHARE` of it is wrong, or the quarantine cannot be written.
        """
        if len(self) > LARGEST_SHARE * total:
            first = self._held[0]
            problem = f"{len(self)} of {total} rows are wrong, the first because {first[-1]}"
            raise input_error(path, problem, remedy="get the right file; nothing was imported")
        writing = self.file.with_name(f".{self.file.name}.writing")
        try:
            with writing.open("w", encoding="utf-8", newline="") as stream:
                table = csv.writer(stream)
                table.writerow(HEADER)
                table.writerows(
                    (row, user, item, "" if time == UNREADABLE else time, weight, reason)
                    for row, user, item, time, weight, reason in self._held
                )
                stream.flush()
                os.fsync(stream.fileno())
            writing.replace(self.file)
        except OSError as error:
            raise InputError(
                f"the quarantine {self.file} cannot be written: {error}. Remedy: name another file with "
                "--quarantine; nothing was imported"
            ) from error


def _note(reasons: NDArray[np.object_], wrong: NDArray[np.bool_], reason: str) -> None:
    """The first reason found for a row stays."""
    reasons[wrong & (reasons == "")] = reason


def _judge_ids(batch: pa.RecordBatch, name: str, reasons: NDArray[np.object_], *, unknown: Unknown) -> None:
    if name not in batch.schema.names:
        return  # the check of the columns says so
    column = batch.column(name)
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    ids = column.cast(pa.large_string())
    _note(reasons, _mask(ids.is_null()), f"{name} is missing")
    ids = pc.fill_null(ids, "")
    length = pc.utf8_length(ids)
    _note(reasons, _mask(pc.equal(length, 0)), f"{name} is empty")
    _note(reasons, _mask(pc.match_substring(ids, "\0")), f"{name} has a NUL character")
    _note(reasons, _mask(pc.greater(length, ID_LIMIT)), f"{name} has more than {ID_LIMIT} characters")
    sound = ids.filter(pa.array(reasons == ""))
    strangers = unknown(name, sound.unique().to_pylist())
    if strangers:
        named = pa.array(sorted(strangers), type=pa.large_string())
        _note(reasons, _mask(pc.is_in(ids, value_set=named)), f"{name} is unknown")


def _judge_times(batch: pa.RecordBatch, reasons: NDArray[np.object_], *, now: int) -> None:
    if TIME not in batch.schema.names or not pa.types.is_integer(batch.column(TIME).type):
        return
    times = pc.fill_null(batch.column(TIME), 0).to_numpy(zero_copy_only=False)
    _note(reasons, times == UNREADABLE, "time cannot be read")
    _note(reasons, times < 0, "time is negative")
    _note(reasons, times > now + CLOCK_SKEW_S, "time lies in the future")


def _judge_weights(batch: pa.RecordBatch, reasons: NDArray[np.object_]) -> None:
    if WEIGHT not in batch.schema.names:
        return
    numbers = pc.fill_null(batch.column(WEIGHT).cast(pa.float64()), float("nan"))
    with np.errstate(over="ignore"):
        weights = numbers.to_numpy(zero_copy_only=False).astype(np.float32)
    _note(reasons, ~np.isfinite(weights), "weight is no finite number")
    _note(reasons, weights < 0, "weight is negative")


def _mask(array: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = array.to_numpy(zero_copy_only=False)
    return found
