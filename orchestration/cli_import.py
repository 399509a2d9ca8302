"""The commands that bring data in."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from data.readers.download import DownloadName
from orchestration.terminal import Bars, plain_console

if TYPE_CHECKING:
    from data.readers.dataset import Dataset

FROM = click.option(
    "--from",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder that holds the files.",
)
ENCODING = click.option("--encoding", default=None, help="Of the text files; the source's own if left out.")
TEMPLATE = click.option(
    "--template",
    default=None,
    help="How attributes become part of an item's text: {text} and {COLUMN} are replaced, and a part in [ ] is "
    "left out where all its fields are empty, as in '{text}[ (genres: {genres})]'.",
)
MIN_RATING = click.option(
    "--min-rating", type=float, default=None, help="Leave out interactions rated (weighted) below this one."
)
CREATE_UNKNOWN = click.option(
    "--create-unknown", is_flag=True, help="Create users and items that interactions name and nobody listed."
)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("import")
def import_group() -> None:
    """Bring users, items and interactions into the store.

    An import is one transaction: a broken file leaves the store as it was, and the message names file, row and
    remedy. Importing the same again adds nothing.
    """


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _import(
    obj: Any,
    dataset: "Dataset",
    *,
    create_unknown: bool = False,
    quarantine: Path | None = None,
) -> None:
    from data.quarantine import Quarantine
    from data.store.store import Store

    with Bars(plain_console(stderr=True)) as bars, Store.open(obj.home.create().database_url) as store:
        summary = store.import_dataset(
            dataset,
            create_unknown=create_unknown,
            quarantine=None if quarantine is None else Quarantine(quarantine),
            on_progress=lambda at: bars.update(
                f"{at.stage} of {dataset.name}", at.done, at.total or at.done, ""
            ),
        )
    obj.console.print(
        f"{summary.users_added:,} users, {summary.items_added:,} items and {summary.interactions_added:,} interactions "
        f"added; {summary.items_changed:,} texts changed; {summary.duplicates:,} interactions were known already; "
        f"{summary.truncated_texts:,} texts cut to the limit"
    )
    if quarantine is not None:
        obj.console.print(f"{summary.quarantined:,} interactions set aside, with reasons, in {quarantine}")
    for warning in summary.warnings:
        obj.console.print(f"warning: {warning}", style="yellow")


def _source_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (CREATE_UNKNOWN, TEMPLATE, ENCODING, FROM):
        command = option(command)
    return command


@import_group.command()
@_source_options
@click.pass_obj
def citeulike(
    obj: Any, directory: Path, encoding: str | None, template: str | None, create_unknown: bool
) -> None:
    """CiteULike-a: users.dat (libraries) and titles.txt."""
    from data.readers.citeulike import read_citeulike

    dataset = read_citeulike(directory, **_given(encoding=encoding, template=template))
    _import(obj, dataset, create_unknown=create_unknown)


@import_group.command()
@_source_options
@MIN_RATING
@click.pass_obj
def movielens(
    obj: Any,
    directory: Path,
    encoding: str | None,
    template: str | None,
    create_unknown: bool,
    min_rating: float | None,
) -> None:
    """MovieLens: ml-latest-small (CSV), or 1M and 10M (the :: format, Latin-1)."""
    from data.readers.movielens import read_movielens

    options = _given(encoding=encoding, template=template, min_rating=min_rating)
    _import(obj, read_movielens(directory, **options), create_unknown=create_unknown)


@import_group.command()
@_source_options
@MIN_RATING
@click.pass_obj
def movietweetings(
    obj: Any,
    directory: Path,
    encoding: str | None,
    template: str | None,
    create_unknown: bool,
    min_rating: float | None,
) -> None:
    """MovieTweetings: ratings.dat and movies.dat."""
    from data.readers.movietweetings import read_movietweetings

    options = _given(encoding=encoding, template=template, min_rating=min_rating)
    _import(obj, read_movietweetings(directory, **options), create_unknown=create_unknown)


@import_group.command()
@click.option(
    "--interactions",
    type=FILE,
    help="Columns user_id, item_id; if there, time (or timestamp; empty or 0 means unknown) and weight (or rating; "
    "1 without such a column; it does not count in training, see --min-rating). Others are not read; a warning names "
    "them.",
)
@click.option(
    "--items",
    type=FILE,
    help="Columns item_id, text; if there, created_at; any other becomes an attribute of the item. A file without a "
    "column text needs --template: the first column it names is the text, such as '{title}'.",
)
@click.option("--users", type=FILE, help="Column user_id; if there, created_at.")
@ENCODING
@TEMPLATE
@MIN_RATING
@CREATE_UNKNOWN
@click.option(
    "--quarantine",
    type=FILE,
    help="Write interactions that cannot be right (absurd, unknown or unreadable users, items, times or weights) to "
    "this CSV file, each with its reason, and import the others; without it one such row refuses the file.",
)
@click.pass_obj
def files(
    obj: Any,
    interactions: Path | None,
    items: Path | None,
    users: Path | None,
    encoding: str | None,
    template: str | None,
    min_rating: float | None,
    create_unknown: bool,
    quarantine: Path | None,
) -> None:
    """Your own files: CSV, TSV, Parquet or JSON lines, told apart by their ending.

    \b
    interactions.csv:
      user_id,item_id,time
      ann,b1,2024-05-01
    items.csv:
      item_id,text,genre
      b1,The Left Hand of Darkness,fiction
    To read both, and the genre with the text:
      coldcast import files --interactions interactions.csv --items items.csv --template '{text}[. {genre}]'

    Columns are found by name, in any order. Times (time, created_at) are unix seconds
    (1364690142), ISO 8601 (2013-03-31T00:35:42+00:00, 2013-03-31; UTC where no zone is named) or, in Parquet,
    timestamps and dates.
    """
    from data.readers.files import read_files

    options = _given(encoding=encoding, template=template, min_rating=min_rating)
    dataset = read_files(interactions, items, users=users, lenient=quarantine is not None, **options)
    _import(obj, dataset, create_unknown=create_unknown, quarantine=quarantine)


@import_group.command()
@click.option(
    "--users", type=click.IntRange(min=50), default=600, show_default=True, help="Users of the world."
)
@click.option(
    "--items", type=click.IntRange(min=300), default=1500, show_default=True, help="Items with interactions."
)
@click.option(
    "--interactions", type=int, default=30_000, show_default=True, help="About so many interactions."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the world.")
@click.pass_obj
def synthetic(obj: Any, users: int, items: int, interactions: int, seed: int) -> None:
    """A small world whose right answer is known; the report then shows an oracle too.

    The state folder must hold nothing else, and no other world.
    """
    from data.store.store import Store
    from orchestration.synthetic_home import kept, make_world, require_own

    world = make_world(users, items, n_interactions=interactions, seed=seed)
    with Store.open(obj.home.create().database_url) as store:
        require_own(obj.home, store, world, instead="coldcast --home .coldcast-synthetic import synthetic")
    with kept(obj.home, world):
        _import(obj, world.dataset())


@click.command()
@click.argument("name", type=click.Choice(get_args(DownloadName)))
@click.option(
    "--to", "directory", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder."
)
@click.option("--base-url", default=None, help="Another address to fetch from, such as a mirror.")
@click.pass_obj
def download(obj: Any, name: DownloadName, directory: Path, base_url: str | None) -> None:
    """Fetch a public data set into a folder; `coldcast import` reads it from there."""
    from data.readers.download import download as fetch

    for path in fetch(name, directory, base_url=base_url):
        obj.console.print(str(path))
