"""MovieLens: ratings of films, as CSV (ml-latest-small, 20M and later) or with ``::`` (1M, 10M).

Source: Harper, Konstan: The MovieLens Datasets: History and Context (ACM TiiS 2015).
"""

from __future__ import annotations

from pathlib import Path

from data.errors import input_error
from data.readers.dataset import Dataset, Source
from data.readers.delimited import double_colon_batches
from data.readers.interaction_batches import InteractionColumns, interaction_batches
from data.readers.movies import MOVIE_TEMPLATE, MovieColumns, movie_batches
from data.readers.raw_tables import Columns, open_table
from data.readers.text_files import require_encoding

RATINGS = InteractionColumns(user="userId", item="movieId", time="timestamp", weight="rating")
RATING_NAMES = ("userId", "movieId", "rating", "timestamp")
MOVIES = MovieColumns(item="movieId", title="title", genres="genres")
MOVIE_NAMES = ("movieId", "title", "genres")


def read_movielens(
    directory: Path,
    *,
    encoding: str | None = None,
    template: str = MOVIE_TEMPLATE,
    min_rating: float | None = None,
) -> Dataset:
    """Open a MovieLens folder; ratings become weights, tags are not read.

    Args:
        directory: Holds ``ratings.csv`` and ``movies.csv``, or ``ratings.dat`` and ``movies.dat``.
        encoding: Of the files; None means UTF-8 for CSV and Latin-1 for ``::``.
        template: How title and genres become the item's text.
        min_rating: Ratings below it are left out.

    Returns:
        The data set; its users are those who rated.

    Raises:
        InputError: If a file or column is missing, or the encoding is wrong; while reading, if a row is
            broken or a value is no number.
    """
    if (directory / "ratings.csv").exists() or (directory / "movies.csv").exists():
        return _from_csv(directory, encoding=encoding or "utf-8", template=template, min_rating=min_rating)
    if (directory / "ratings.dat").exists() or (directory / "movies.dat").exists():
        return read_double_colon(
            "movielens", directory, encoding=encoding or "latin-1", template=template, min_rating=min_rating
        )
    raise input_error(
        directory,
        "found neither ratings.csv and movies.csv nor ratings.dat and movies.dat",
        remedy="name the folder that the archive unpacked to",
    )


def read_double_colon(
    name: str, directory: Path, *, encoding: str, template: str, min_rating: float | None
) -> Dataset:
    """Open ``ratings.dat`` and ``movies.dat`` with ``::`` between fields; as :func:`read_movielens`."""
    ratings_path, movies_path = directory / "ratings.dat", directory / "movies.dat"
    n_ratings, n_movies = require_encoding(ratings_path, encoding), require_encoding(movies_path, encoding)
    ratings = double_colon_batches(ratings_path, RATING_NAMES, encoding=encoding)
    movies = double_colon_batches(movies_path, MOVIE_NAMES, encoding=encoding)
    path = str(ratings_path)
    return Dataset(
        name=name,
        items=Source(str(movies_path), lambda: movie_batches(movies(), MOVIES, template=template), n_movies),
        interactions=Source(
            path,
            lambda: interaction_batches(ratings(), path, columns=RATINGS, min_rating=min_rating),
            n_ratings,
        ),
        implied_users=True,
    )


def _from_csv(directory: Path, *, encoding: str, template: str, min_rating: float | None) -> Dataset:
    ratings = open_table(directory / "ratings.csv", Columns(RATING_NAMES), encoding=encoding)
    movies = open_table(directory / "movies.csv", Columns(MOVIE_NAMES), encoding=encoding)
    path = str(ratings.path)
    return Dataset(
        name="movielens",
        items=Source(
            str(movies.path), lambda: movie_batches(movies.batches(), MOVIES, template=template), movies.rows
        ),
        interactions=Source(
            path,
            lambda: interaction_batches(ratings.batches(), path, columns=RATINGS, min_rating=min_rating),
            ratings.rows,
        ),
        implied_users=True,
    )
