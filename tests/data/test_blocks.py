"""Blocks: every row once, in order, and never more than a block of them."""

from __future__ import annotations

import pytest

from data.blocks import BLOCK_ROWS, blocks


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, []),
        (1, [slice(0, 1)]),
        (BLOCK_ROWS, [slice(0, BLOCK_ROWS)]),
        (BLOCK_ROWS + 2, [slice(0, BLOCK_ROWS), slice(BLOCK_ROWS, BLOCK_ROWS + 2)]),
    ],
)
def test_rows_are_cut_at_whole_blocks(n: int, expected: list[slice]) -> None:
    assert list(blocks(n)) == expected
