"""Dataset: what a reader hands to the store, as streams of Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

BATCH_ROWS = 262_144  # rows of a batch made from a table; about 10 MB of interactions


@dataclass(frozen=True)
class Source:
    """One table of a data set, read anew at every call of ``batches``.

    Args:
        path: What error messages call this table; a file name where there is a file.
        batches: Opens the table and yields record batches whose columns bear the names of
            :mod:`data.columns`. A column ``row`` (int64) may say where each record stands in the file;
            without it records count from 1.
        rows: How many records there are, for progress; None where nobody knows beforehand.
        unread: Columns that the file has and that nothing reads.
    """

    path: str
    batches: Callable[[], Iterator[pa.RecordBatch]]
    rows: int | None = None
    unread: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, path: str, table: pa.Table | Mapping[str, Any]) -> Source:
        """Wrap a table in memory, an Arrow table or a mapping from column name to array."""
        held = table if isinstance(table, pa.Table) else pa.table(dict(table))
        return cls(path, lambda: iter(held.to_batches(max_chunksize=BATCH_ROWS)), held.num_rows)


@dataclass(frozen=True)
class Dataset:
    """Users, items and interactions as a reader found them, with ids as strings.

    Columns (bold ones must be there):
        users: **user_id** string, created_at int64 unix seconds.
        items: **item_id** string, **text** string, attributes string (a JSON object), created_at int64.
        interactions: **user_id**, **item_id** string, time int64 unix seconds (0 or absent: unknown),
            weight floating (absent: 1).

    An absent created_at means the time of the import. Values are checked by the store while it imports
    (:mod:`data.readers.checks`), so a reader need not check them twice.

    Args:
        name: What the data set is called, such as ``citeulike``.
        users: The list of users; None where the source has none.
        items: The list of items; None where the source has none.
        interactions: The events; None where the source has none.
        implied_users: The interactions themselves say which users there are, so an unseen user id is a
            new user and not an error.
        warnings: Sentences a person should see, such as how many rows were left out.
    """

    name: str
    users: Source | None = None
    items: Source | None = None
    interactions: Source | None = None
    implied_users: bool = False
    warnings: tuple[str, ...] = ()
