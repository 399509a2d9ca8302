"""Files of one's own: interactions, items and users as CSV, TSV, Parquet or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import CREATED_AT, ITEM_ID, ROW, TEXT, TIME, USER_ID, WEIGHT
from data.errors import InputError, input_error
from data.item_texts import PLAIN_TEMPLATE, require_template
from data.readers.dataset import Dataset, Source
from data.readers.interaction_batches import InteractionColumns, interaction_batches
from data.readers.item_batches import item_batch
from data.readers.raw_tables import OTHERS, Columns, RawTable, open_table
from data.readers.times import seconds

TIMES = (TIME, "timestamp")
WEIGHTS = (WEIGHT, "rating")
INTERACTION_COLUMNS = Columns(required=(USER_ID, ITEM_ID), optional=(*TIMES, *WEIGHTS))
TEXT_HINT = "; where the text has another name, name it in --template, such as '{title}'"
USER_COLUMNS = Columns(required=(USER_ID,), optional=(CREATED_AT,))


def read_files(
    interactions: Path | None = None,
    items: Path | None = None,
    *,
    users: Path | None = None,
    encoding: str = "utf-8",
    template: str = PLAIN_TEMPLATE,
    min_rating: float | None = None,
    lenient: bool = False,
) -> Dataset:
    """Open files of one's own.

    Columns: interactions ``user_id, item_id`` and, if there, ``time`` or ``timestamp`` (unix seconds or ISO
    8601) and ``weight`` or ``rating``; items ``item_id, text``, if there ``created_at``, and any others, which
    become attributes; users ``user_id`` and, if there, ``created_at``. Without ``users`` a first import takes
    the users from the interactions. A warning names the columns that are not read.

    Args:
        interactions: .csv, .tsv, .parquet, .pq, .jsonl or .ndjson.
        items: Likewise.
        users: Likewise.
        encoding: Of the text files.
        template: How an item's text and attributes become one text. If it names no ``{text}``, the first
            column it names holds the text, and the items have no column ``text``.
        min_rating: Interactions with a smaller weight are left out.
        lenient: Hand on times and weights of interactions that cannot be read, for a quarantine to find.

    Returns:
        The data set; its rows are read, and checked, while it is imported.

    Raises:
        InputError: If no file is given, one is missing, empty, wrongly encoded or lacks a column, two
            columns mean the same, ``min_rating`` has no column to go by, or the template is wrong.
    """
    if interactions is None and items is None and users is None:
        raise InputError("no file to import. Remedy: name --interactions, --items or --users")
    if interactions is None and min_rating is not None:
        raise InputError("--min-rating has no ratings to go by. Remedy: name --interactions, or leave it out")
    people = None if users is None else _users(users, encoding=encoding)
    things = None if items is None else _items(items, encoding=encoding, template=template)
    events = None
    if interactions is not None:
        events = _interactions(interactions, encoding=encoding, min_rating=min_rating, lenient=lenient)
    warnings = [
        f"{source.path}: columns not read: {', '.join(source.unread)}"
        for source in (people, things, events)
        if source is not None and source.unread
    ]
    return Dataset("files", users=people, items=things, interactions=events, warnings=tuple(warnings))


def _interactions(path: Path, *, encoding: str, min_rating: float | None, lenient: bool) -> Source:
    raw = open_table(path, INTERACTION_COLUMNS, encoding=encoding)
    columns = InteractionColumns(time=_one_of(raw, TIMES), weight=_one_of(raw, WEIGHTS))
    if min_rating is not None and columns.weight is None:
        found = ", ".join((*raw.columns, *raw.unread))
        remedy = "rename the column that holds the ratings to rating, or leave --min-rating out"
        raise input_error(path, f"--min-rating needs a column weight or rating; found {found}", remedy=remedy)
    return Source(
        str(path),
        lambda: interaction_batches(
            raw.batches(), str(path), columns=columns, min_rating=min_rating, lenient=lenient
        ),
        raw.rows,
        raw.unread,
    )


def _one_of(raw: RawTable, names: tuple[str, ...]) -> str | None:
    """Return the one of several names for the same column that the file uses, None if it uses none."""
    there = [name for name in names if name in raw.columns]
    if len(there) > 1:
        problem = f"columns {' and '.join(there)} mean the same"
        raise input_error(raw.path, problem, remedy="remove one, or rename the one that is not to be read")
    return there[0] if there else None


def _users(path: Path, *, encoding: str) -> Source:
    raw = open_table(path, USER_COLUMNS, encoding=encoding)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in raw.batches():
            rows = _rows(batch)
            held = {USER_ID: batch.column(USER_ID), ROW: batch.column(ROW)}
            if CREATED_AT in batch.schema.names:
                held[CREATED_AT] = seconds(batch.column(CREATED_AT), CREATED_AT, str(path), rows=rows)
            yield pa.RecordBatch.from_pydict(held)

    return Source(str(path), batches, raw.rows, raw.unread)


def _items(path: Path, *, encoding: str, template: str) -> Source:
    text = _text_column(template)
    columns = Columns(required=(ITEM_ID, text), optional=(CREATED_AT,), others=True, hint=TEXT_HINT)
    raw = open_table(path, columns, encoding=encoding)
    given, template = template, template if TEXT in raw.columns else _renamed(template, text)
    _require_template(template)
    _require_fields(raw, given)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in raw.batches():
            rows = _rows(batch)
            created_at = None
            if CREATED_AT in batch.schema.names:
                created_at = seconds(batch.column(CREATED_AT), CREATED_AT, str(path), rows=rows)
            yield item_batch(
                batch.column(ITEM_ID),
                _texts(batch, text, path),
                _attributes(batch, text) if raw.fixed else _other_fields(batch),
                template=template,
                rows=rows,
                created_at=created_at,
            )

    return Source(str(path), batches, raw.rows, raw.unread)


def _text_column(template: str) -> str:
    """Return the column that holds the text: ``text`` if the template names it, else the first it names."""
    try:
        fields = [field for _, field, _, _ in Formatter().parse(template) if field]
    except ValueError:
        return TEXT  # the template itself is refused in a moment
    return TEXT if TEXT in fields or not fields else fields[0]


def _renamed(template: str, column: str) -> str:
    """Return the template with ``{text}`` in place of the column that holds the text."""
    if column == TEXT:
        return template
    parts = []
    for literal, field, _, _ in Formatter().parse(template):
        parts.append(literal.replace("{", "{{").replace("}", "}}"))
        if field is not None:
            parts.append("{%s}" % (TEXT if field == column else field))
    return "".join(parts)


def _require_template(template: str) -> None:
    try:
        require_template(template)
    except ValueError as error:
        raise InputError(f"{error}. Remedy: correct --template") from error


def _require_fields(raw: RawTable, template: str) -> None:
    """Refuse a template that names a column the file does not have; JSON lines may differ line by line."""
    fields = {field for _, field, _, _ in Formatter().parse(template) if field}
    missing = sorted(fields - set(raw.columns))
    if missing and raw.fixed:
        problem = f"the template names {{{missing[0]}}}, found columns {', '.join(raw.columns)}"
        raise input_error(raw.path, problem, remedy="correct --template or the column's name")


def _rows(batch: pa.RecordBatch) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = batch.column(ROW).to_numpy()
    return rows


def _texts(batch: pa.RecordBatch, name: str, path: Path) -> list[str | None]:
    column = batch.column(name)
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise input_error(
            path, f"{name} must hold texts, found type {column.type}", remedy="store it as text"
        )
    texts: list[str | None] = column.to_pylist()
    return texts


def _attributes(batch: pa.RecordBatch, text: str) -> list[dict[str, Any]]:
    names = [name for name in batch.schema.names if name not in (ITEM_ID, text, CREATED_AT, ROW)]
    if not names:
        return [{} for _ in range(batch.num_rows)]
    return batch.select(names).to_pylist()


def _other_fields(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [json.loads(held) for held in batch.column(OTHERS).to_pylist()]
