"""JSON lines: one object a line, read as batches of columns that hold what JSON held, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from data.errors import input_error
from data.readers.text_files import numbered_lines

Record = tuple[int, dict[str, Any]]
LARGEST_EXACT = 2**53  # floats beyond it no longer tell neighbouring whole numbers apart


def jsonl_records(path: Path, encoding: str) -> Iterator[Record]:
    """Yield (row, object) for every line that is not blank.

    Raises:
        InputError: If the file is missing, empty or wrongly encoded, a line is no JSON object, or one of its
            texts holds half a character.
    """
    for row, line in numbered_lines(path, encoding):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
        except json.JSONDecodeError as error:
            problem = f"not JSON ({error.msg} at column {error.colno})"
            remedy = "write one object a line; a broken last line may show that the copy broke off"
            raise input_error(path, problem, remedy=remedy, row=row) from error
        if not isinstance(held, dict):
            problem = f"expected a JSON object, got {type(held).__name__}"
            raise input_error(path, problem, remedy='write {"item_id": "1", ...}', row=row)
        if "\\ud" in line or "\\uD" in line:  # only an escape can write half a character
            _require_whole_characters(path, row, held)
        yield row, held


def text_column(path: Path, records: list[Record], name: str) -> list[str | None]:
    """Return one field of each record as text, None where it is absent or null.

    Raises:
        InputError: If it is neither text nor number.
    """
    return [_text(path, row, name, held.get(name)) for row, held in records]


def id_column(path: Path, records: list[Record], name: str) -> list[str | None]:
    """Return one id of each record as text, None where it is absent or null; 1 and 1.0 are the text 1.

    Raises:
        InputError: If it is neither text nor whole number.
    """
    return [_id(path, row, name, held.get(name)) for row, held in records]


def chunks(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Yield the records in lists of ``size``, the last one shorter."""
    while chunk := list(islice(records, size)):
        yield chunk


def _text(path: Path, row: int, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    problem = f"{name} must be a text or a number, got {json.dumps(value)[:60]}"
    raise input_error(path, problem, remedy="correct the value", row=row)


def _id(path: Path, row: int, name: str, value: object) -> str | None:
    if not isinstance(value, float):
        return _text(path, row, name, value)
    if value.is_integer() and abs(value) <= LARGEST_EXACT:
        return str(int(value))
    problem = f"{name} must hold texts or whole numbers, found {json.dumps(value)}"
    raise input_error(path, problem, remedy="store it as text", row=row)


def _require_whole_characters(path: Path, row: int, held: dict[str, Any]) -> None:
    try:
        json.dumps(held, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        problem = f"\\u{ord(error.object[error.start]):04x} is half a character, a surrogate without its pair"
        remedy = "write the character whole, or leave it out; a text may have been cut in its middle"
        raise input_error(path, problem, remedy=remedy, row=row) from error
