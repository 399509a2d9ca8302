"""Errors a person can mend: each message says what was found, what was expected, and the way out."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """Input from outside is wrong; the message names file, row and remedy."""


class StoreError(InputError):
    """The database cannot be reached, is locked, or has a schema that this code must not touch."""


def input_error(path: Path | str, problem: str, *, remedy: str, row: int | None = None) -> InputError:
    """Build the message every reader uses: ``file[, row n]: problem. Remedy: what to do``.

    Args:
        path: The file at fault.
        problem: What was found and what was expected, without a full stop.
        remedy: What the person can do, without a full stop.
        row: The line of the file, counted from 1 with the header included, where one is at fault.

    Returns:
        The error, to be raised by the caller.
    """
    where = str(path) if row is None else f"{path}, row {row}"
    return InputError(f"{where}: {problem}. Remedy: {remedy}")
