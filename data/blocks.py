"""Blocks: the slices in which long columns are worked on, so that what is made in between stays small."""

from __future__ import annotations

from collections.abc import Iterator

BLOCK_ROWS = 65_536  # half a megabyte of int64, which a processor's cache holds


def blocks(n: int) -> Iterator[slice]:
    """Cut ``n`` rows into consecutive slices of :data:`BLOCK_ROWS`, the last one shorter; none for 0 rows."""
    for start in range(0, n, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n))
