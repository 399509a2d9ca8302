"""Quoted values of delimited text: a quote that is never closed would swallow the rows that follow."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.errors import input_error
from data.readers import text_files
from data.readers.text_files import utf8_file

QUOTE = b'"'
SHOWN_BYTES = 60
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class _Format:
    """Patterns of one delimiter; a value is quoted if it starts with a quote, as Arrow reads it.

    Args:
        field: A value and the marks that end it, these as its group; spaces may follow a closing quote.
        fields: As many of these as follow each other.
    """

    field: re.Pattern[bytes]
    fields: re.Pattern[bytes]


def require_closed_quotes(path: Path, *, delimiter: str, encoding: str) -> None:
    """Refuse a file in which a quoted value does not end in a quote right before a separator or line end.

    Line feeds and doubled quotes may stand in a quoted value, and quotes inside a value that starts with none.

    Args:
        path: A file that :func:`data.readers.text_files.require_encoding` has passed.
        delimiter: One character.
        encoding: Of the file.

    Raises:
        InputError: If a quote is not closed, or text follows the closing one; the message names the record
            in which it opens, counted as rows are.
    """
    if not any(QUOTE in block for block in _blocks(path, encoding)):
        return
    form = _format(delimiter)
    wrong = next((wrong for _, wrong in _stretches(path, encoding, form) if wrong), None)
    if wrong is None:
        return
    row = 1 + sum(_line_ends(sound, form) for sound, _ in _stretches(path, encoding, form))
    shown = wrong[:SHOWN_BYTES].decode(errors="ignore")
    problem = f"the quote that opens {shown!r} is not closed right before a separator or the end of a line"
    remedy = "put such a value in quotes and double those inside it, or write Parquet or JSON lines"
    raise input_error(path, problem, remedy=remedy, row=row)


def _format(delimiter: str) -> _Format:
    ends = rb"[%b\r\n]" % re.escape(delimiter.encode())
    other = rb"[^%b\r\n]" % re.escape(delimiter.encode())
    value = rb'(?:"[^"]*+(?:""[^"]*+)*+" *+|(?!")%b++)?+' % other
    return _Format(re.compile(rb"%b(%b++)" % (value, ends)), re.compile(rb"(?:%b%b++)*+" % (value, ends)))


def _stretches(path: Path, encoding: str, form: _Format) -> Iterator[tuple[bytes, bytes]]:
    """Yield pairs of whole fields and nothing; where a quote is wrong, the text from there, and end."""
    left = b""
    for block in _blocks(path, encoding):
        text = left + block
        sound, left = _divided(text, form)
        too_long = len(left) > 2 * text_files.BLOCK_BYTES  # more than Arrow would read as one row
        yield sound, left if too_long else b""
        if too_long:
            return
    yield _divided(left + b"\n", form)


def _divided(text: bytes, form: _Format) -> tuple[bytes, bytes]:
    """Split off the last field if it is not complete; of one without quotes, its first byte says enough."""
    found = form.fields.match(text)
    end = found.end() if found else 0
    left = text[end:]
    return text[:end], left if left.startswith(QUOTE) else left[:1]


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield the file as UTF-8 without a byte order mark, no CR LF torn apart."""
    mark = codecs.BOM_UTF8
    with utf8_file(path, encoding) as file:
        while block := file.read(text_files.BLOCK_BYTES):
            whole = block + (file.read(1) or b"") if block.endswith(b"\r") else block
            yield whole.removeprefix(mark)
            mark = b""


def _line_ends(sound: bytes, form: _Format) -> int:
    return sum(len(_LINE_END.findall(marks)) for marks in form.field.findall(sound))
