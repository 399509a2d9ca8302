"""What a reader hands on, as plain records."""

from __future__ import annotations

from typing import Any

from data.readers.dataset import Source


def rows_of(source: Source | None) -> list[dict[str, Any]]:
    """All records of a source."""
    assert source is not None
    return [record for batch in source.batches() for record in batch.to_pylist()]
