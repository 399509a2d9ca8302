"""The options that name a public data set and its split, shared by the commands that measure on it."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from assets.benchmark.data_choice import DataChoice
from data.split_choice import SplitChoice

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
HASHED_SHARE = 0.2
"""Share of items held out by hash, as in the files of CiteULike's split."""

Command = Callable[..., None]

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of what is written.",
)
docs_option = click.option(
    "--docs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of documents: also write results/NAME.json, and the tables between the marked lines of results.md.",
)
language_model_option = click.option(
    "--language-model",
    default="embedded",
    show_default=True,
    help="Of the text vectors and of FilterLLM: a folder or a Hugging Face id.",
)


def citeulike_data(command: Command) -> Command:
    """Options of CiteULike; the command is given them as ``data``."""

    @click.option(
        "--split",
        type=FOLDER,
        required=True,
        help="The folder of the split's files: warm_train.csv, warm_val.csv, warm_test.csv, cold_item_val.csv and "
        "cold_item_test.csv, each of the columns user,item, numbered from 0 as the lines of users.dat and titles.txt.",
    )
    @click.option(
        "--from",
        "--data",
        "directory",
        type=FOLDER,
        help="The folder of the data; the one around --split if left out.",
    )
    @functools.wraps(command)
    def given(*, split: Path, directory: Path | None, **options: Any) -> None:
        choice = SplitChoice(protocol="files", directory=str(split.resolve()))
        command(data=DataChoice("citeulike", directory or split.resolve().parent, choice), **options)

    return given


def movietweetings_data(command: Command) -> Command:
    """Options of MovieTweetings; the command is given them as ``data``."""

    @click.option("--from", "--data", "directory", type=FOLDER, required=True, help="The folder of the data.")
    @click.option(
        "--time-split", is_flag=True, help="Hold out the newest items and interactions, not hashed ones."
    )
    @click.option(
        "--salt",
        default=None,
        help="Of the hash that holds items out; another salt is another, unrelated split.",
    )
    @functools.wraps(command)
    def given(*, directory: Path, time_split: bool, salt: str | None, **options: Any) -> None:
        if time_split and salt is not None:
            raise click.UsageError(
                "--salt is of the hash that holds items out, and --time-split hashes nothing; give one of them"
            )
        choice = SplitChoice(protocol="time") if time_split else SplitChoice(holdout=HASHED_SHARE)
        if salt is not None:
            choice = replace(choice, salt=salt)
        command(data=DataChoice("movietweetings", directory, choice), **options)

    return given
