"""Text files: there, not empty, and in the encoding they were said to be in; lines with their row."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from data.errors import InputError, input_error

BLOCK_BYTES = 8 * 1024 * 1024


def require_file(path: Path) -> Path:
    """Return ``path`` if it is a file with something in it.

    Raises:
        InputError: If it is missing, a folder, or empty.
    """
    if path.is_dir():
        raise input_error(path, "is a folder, expected a file", remedy="name the file inside")
    if not path.is_file():
        raise input_error(path, "no such file", remedy="check the path, or download the data set again")
    if path.stat().st_size == 0:
        raise input_error(
            path, "the file is empty", remedy="get the file again, its copy may have broken off"
        )
    return path


def require_encoding(path: Path, encoding: str) -> int:
    """Decode the whole file once, a block at a time.

    Args:
        path: A file.
        encoding: A name Python knows, such as ``utf-8``, ``latin-1`` or ``cp1252``.

    Returns:
        The number of lines, the last one with or without its line feed.

    Raises:
        InputError: If the file is missing or empty, the encoding is unknown, or a byte is wrong in it;
            then the message names row and byte.
    """
    require_file(path)
    decoder = _decoder(encoding)
    fed, lines, last = 0, 0, "\n"
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK_BYTES)
            fed += len(block)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                row = lines + before.decode(encoding).count("\n") + 1
                at = fed - len(error.object) + error.start
                problem = f"byte 0x{error.object[error.start]:02X} at offset {at} is not {encoding}"
                remedy = "name the file's encoding with --encoding, such as latin-1 or cp1252"
                raise input_error(path, problem, remedy=remedy, row=row) from error
            lines += text.count("\n")
            last = text[-1:] or last
            if not block:
                return lines if last == "\n" else lines + 1


def without_mark(encoding: str) -> str:
    """Return the encoding that also skips a byte order mark, where UTF-8 was asked for."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def numbered_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield (row from 1, line without its end); only a line feed ends a line, as rows are counted.

    Raises:
        InputError: As :func:`require_encoding`, before the first line.
    """
    require_encoding(path, encoding)
    with path.open(encoding=without_mark(encoding), newline="\n") as file:
        for row, line in enumerate(file, start=1):
            yield row, line.rstrip("\r\n")


def utf8_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield the file in blocks of whole lines, as UTF-8.

    Args:
        path: A file that :func:`require_encoding` has passed.
        encoding: One in which a line feed is the byte 0x0A, as in all but UTF-16 and UTF-32.
    """
    plain = codecs.lookup(encoding).name == "utf-8"
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            whole = block + file.readline()
            yield whole if plain else whole.decode(encoding).encode()


def utf8_file(path: Path, encoding: str) -> io.RawIOBase | io.BufferedReader:
    """Open a file, in whatever encoding, to be read as UTF-8; a byte order mark may stand first."""
    return path.open("rb") if without_mark(encoding) == "utf-8-sig" else _Recoded(path, encoding)


class _Recoded(io.RawIOBase):
    """A file in another encoding, read as UTF-8."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._text = path.open(encoding=encoding, newline="")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = self._text.read(BLOCK_BYTES).encode()
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._text.close()
        super().close()


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise InputError(
            f"unknown encoding {encoding!r}. Remedy: use utf-8, latin-1, cp1252 or utf-16"
        ) from error
