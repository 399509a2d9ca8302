"""CiteULike-a: researchers' libraries of papers, without times.

Source: Wang, Chen, Li: Collaborative Topic Regression with Social Regularization for Tag Recommendation
(IJCAI 2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import ITEM_ID, ROW, USER_ID
from data.errors import input_error
from data.item_texts import PLAIN_TEMPLATE
from data.readers.dataset import Dataset, Source
from data.readers.item_batches import item_batch
from data.readers.text_files import numbered_lines, require_encoding

USERS_FILE = "users.dat"
TITLES_FILE = "titles.txt"
USERS_AT_ONCE = 1_000


def read_citeulike(directory: Path, *, encoding: str = "utf-8", template: str = PLAIN_TEMPLATE) -> Dataset:
    """Open CiteULike-a.

    Line *u* of ``users.dat`` is ``n item item ...``: the n items, counted from 0, in the library of user
    *u*, counted from 0. Line *i* of ``titles.txt`` is the title of item *i*. The ids are these numbers.

    Args:
        directory: Holds both files.
        encoding: Of the titles.
        template: How a title becomes the item's text.

    Raises:
        InputError: If a file is missing, empty or wrongly encoded; while reading, if a line's n is not the
            number of its items, an entry is no number or has no title, or a library names an item twice.
    """
    users_path, titles_path = directory / USERS_FILE, directory / TITLES_FILE
    n_users = require_encoding(users_path, "ascii")
    n_items = require_encoding(titles_path, encoding)
    return Dataset(
        name="citeulike",
        users=Source(str(users_path), lambda: iter([_users(n_users)]), n_users),
        items=Source(str(titles_path), lambda: iter([_items(titles_path, encoding, template)]), n_items),
        interactions=Source(str(users_path), lambda: _libraries(users_path, n_items)),
    )


def _users(n_users: int) -> pa.RecordBatch:
    ids = pa.array([str(user) for user in range(n_users)], pa.string())
    return pa.RecordBatch.from_pydict({USER_ID: ids, ROW: pa.array(np.arange(1, n_users + 1))})


def _items(path: Path, encoding: str, template: str) -> pa.RecordBatch:
    titles = [title for _, title in numbered_lines(path, encoding)]
    ids = [str(item) for item in range(len(titles))]
    rows = np.arange(1, len(titles) + 1, dtype=np.int64)
    return item_batch(ids, titles, [{}] * len(titles), template=template, rows=rows)


def _libraries(path: Path, n_items: int) -> Iterator[pa.RecordBatch]:
    rows: list[int] = []
    libraries: list[NDArray[np.int64]] = []
    for row, line in numbered_lines(path, "ascii"):
        rows.append(row)
        libraries.append(_library(path, row, line, n_items=n_items))
        if len(rows) == USERS_AT_ONCE:
            yield _batch(rows, libraries)
            rows, libraries = [], []
    if rows:
        yield _batch(rows, libraries)


def _library(path: Path, row: int, line: str, *, n_items: int) -> NDArray[np.int64]:
    try:
        numbers = np.asarray(line.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        problem = f"expected 'n item item ...' of whole numbers, got {line[:60]!r}"
        raise input_error(path, problem, remedy="get the file again", row=row) from error
    stated, items = (int(numbers[0]), numbers[1:]) if len(numbers) else (-1, numbers)
    if stated != len(items):
        problem = f"the line says {max(stated, 0)} items and has {len(items)}"
        remedy = "get the file again, its copy may have broken off"
        raise input_error(path, problem, remedy=remedy, row=row)
    _require_items(path, row, items, n_items=n_items)
    return items


def _require_items(path: Path, row: int, items: NDArray[np.int64], *, n_items: int) -> None:
    wrong = items[(items < 0) | (items >= n_items)]
    if wrong.size:
        problem = f"item {wrong[0]} has no title, {TITLES_FILE} has those of items 0 to {n_items - 1}"
        raise input_error(path, problem, remedy=f"get {TITLES_FILE} again, whole", row=row)
    distinct, counts = np.unique(items, return_counts=True)
    if len(distinct) != len(items):
        problem = f"item {distinct[counts > 1][0]} stands twice in the line"
        raise input_error(path, problem, remedy="keep one of them and correct n", row=row)


def _batch(rows: list[int], libraries: list[NDArray[np.int64]]) -> pa.RecordBatch:
    row = np.repeat(np.asarray(rows, dtype=np.int64), [len(items) for items in libraries])
    return pa.RecordBatch.from_pydict(
        {
            USER_ID: pa.array(row - 1).cast(pa.string()),
            ITEM_ID: pa.array(np.concatenate(libraries)).cast(pa.string()),
            ROW: pa.array(row),
        }
    )
