"""Films as several sources list them: id, title with year, genres between bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from data.columns import ROW
from data.readers.item_batches import item_batch

MOVIE_TEMPLATE = "{text}[. Genres: {genres}]"
NO_GENRES = "(no genres listed)"


@dataclass(frozen=True)
class MovieColumns:
    """What a source calls its columns."""

    item: str
    title: str
    genres: str


def movie_batches(
    raw: Iterable[pa.RecordBatch], columns: MovieColumns, *, template: str
) -> Iterator[pa.RecordBatch]:
    """Turn batches of films into batches of items with the attribute ``genres``, a list."""
    for batch in raw:
        genres = [_genres(text) for text in batch.column(columns.genres).to_pylist()]
        yield item_batch(
            batch.column(columns.item),
            batch.column(columns.title).to_pylist(),
            [{"genres": held} if held else {} for held in genres],
            template=template,
            rows=batch.column(ROW).to_numpy(),
        )


def _genres(text: str | None) -> list[str]:
    if not text or text == NO_GENRES:
        return []
    return [genre.strip() for genre in text.split("|") if genre.strip()]
