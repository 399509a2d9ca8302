"""Predicates for arrays: finite, alive, of the right shape, untouched."""

from __future__ import annotations

from typing import Any

import numpy as np

from expectations.finding import SHOWN, Finding, count_finding

Array = Any  # a numpy array; its shape is told in each docstring

DEAD_NORM = 1e-12  # a float32 row that has ever been updated is longer by many orders
NORM_FACTOR = (
    10.0  # a placed row this many times longer (or shorter) than the warm median outranks (or hides) all
)


def finite(name: str, table: Array) -> Finding:
    """Every number of a table (n, ...) is finite; offenders are row numbers."""
    numbers = np.isfinite(np.asarray(table))
    wrong = np.flatnonzero(~numbers.all(axis=tuple(range(1, numbers.ndim))))
    return count_finding(f"{name} are finite", wrong.tolist())


def no_dead_rows(name: str, table: Array) -> Finding:
    """No row of a table (n, D) is all zeros; offenders are row numbers."""
    lengths = np.linalg.norm(np.asarray(table, dtype=np.float64), axis=1)
    return count_finding(f"{name} have no dead rows", np.flatnonzero(lengths <= DEAD_NORM).tolist())


def shape_is(name: str, table: Array, expected: tuple[int, ...]) -> Finding:
    """A table has the expected shape; -1 stands for any size."""
    found = tuple(np.shape(table))
    fits = len(found) == len(expected) and all(
        want in (-1, size) for size, want in zip(found, expected, strict=True)
    )
    return Finding(f"{name} have the right shape", fits, str(found), str(expected))


def equal_arrays(name: str, found: Array, expected: Array) -> Finding:
    """Two arrays are bitwise equal; offenders are the rows that differ."""
    found, expected = np.ascontiguousarray(found), np.ascontiguousarray(expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        seen, wanted = f"{found.dtype} {found.shape}", f"{expected.dtype} {expected.shape}"
        return Finding(name, False, seen, wanted)
    if not len(found):
        return count_finding(name, [])
    one, other = (
        np.frombuffer(table.tobytes(), dtype=np.uint8).reshape(len(table), -1) for table in (found, expected)
    )
    return count_finding(name, np.flatnonzero((one != other).any(axis=1)).tolist())


def norms_comparable(name: str, table: Array, *, usual: float, factor: float = NORM_FACTOR) -> Finding:
    """The median length of rows (n, D) lies within a factor of the usual length.

    Offenders are the rows farthest from it, with their lengths.
    """
    allowed = f"{usual:.3g}, within a factor of {factor:g}"
    if not len(table):
        return Finding(name, True, "no rows", allowed)
    lengths = np.linalg.norm(np.asarray(table, dtype=np.float64), axis=1)
    middle = float(np.median(lengths))
    passed = bool(usual / factor <= middle <= usual * factor)
    farthest = np.argsort(-np.abs(lengths - usual), kind="stable")[:SHOWN]
    offenders = (
        [] if passed else [{"row": int(row), "length": round(float(lengths[row]), 6)} for row in farthest]
    )
    return Finding(name, passed, f"median length {middle:.3g}", allowed, offenders)
