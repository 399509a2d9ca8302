"""MovieTweetings: ratings from 0 to 10 that people tweeted, with times; users and films arrive all along.

Source: Dooms, De Pessemier, Martens: MovieTweetings: a Movie Rating Dataset Collected From Twitter
(CrowdRec 2013).
"""

from __future__ import annotations

from pathlib import Path

from data.readers.dataset import Dataset
from data.readers.movielens import read_double_colon
from data.readers.movies import MOVIE_TEMPLATE


def read_movietweetings(
    directory: Path,
    *,
    encoding: str = "utf-8",
    template: str = MOVIE_TEMPLATE,
    min_rating: float | None = None,
) -> Dataset:
    """Open a MovieTweetings folder: ``ratings.dat`` (user, film, rating, unix time) and ``movies.dat``.

    Args:
        directory: Holds both files.
        encoding: Of the files.
        template: How title and genres become the item's text.
        min_rating: Ratings below it are left out.

    Returns:
        The data set; ids are the source's, those of films IMDb's with leading zeros.

    Raises:
        InputError: If a file is missing or wrongly encoded; while reading, if a row is broken.
    """
    return read_double_colon(
        "movietweetings", directory, encoding=encoding, template=template, min_rating=min_rating
    )
