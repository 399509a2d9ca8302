"""The command that draws the curve over real interactions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from assets.benchmark.data_choice import DataChoice
from assets.benchmark.entry import FIRST_SEED
from orchestration.cli_benchmark_data import (
    citeulike_data,
    docs_option,
    language_model_option,
    movietweetings_data,
    out_option,
)
from orchestration.terminal import Bars, plain_console


@click.group("warming")
def warming_group() -> None:
    """Cold items as their first real interactions come: 0, 1, 3, 5 and 10 of each.

    Placement by simulated and real users together is compared with the real ones alone, the simulated ones alone, and
    the collaborative model trained again. How fast simulated users fade is chosen on cold validation items; the
    curve is of cold test items, judged by the same pairs at every step, none of which is ever revealed.

    \b
      OUT/warming.json   the figures, and what was tried on validation; warming.md and warming.svg for people
      OUT/cache/         what was trained; OUT may be a benchmark's folder, and shares its vectors then
    """


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Options that all data sets share."""
    seed = click.option(
        "--seed",
        type=int,
        default=FIRST_SEED,
        show_default=True,
        help="Of the training and of what is revealed.",
    )
    return out_option(docs_option(seed(language_model_option(click.pass_context(command)))))


@warming_group.command()
@citeulike_data
@_common
def citeulike(context: click.Context, data: DataChoice, **options: Any) -> None:
    """CiteULike-a, split by a folder of user,item files.

    \b
      coldcast benchmark warming citeulike --split citeulike-a/split-seed42 --out results
    """
    _run(context, data, **options)


@warming_group.command()
@movietweetings_data
@_common
def movietweetings(context: click.Context, data: DataChoice, **options: Any) -> None:
    """MovieTweetings; a fifth of the items held out by hash, or the newest by time.

    \b
      coldcast benchmark warming movietweetings --from movietweetings-100k --salt 1 --out results-1
    """
    _run(context, data, **options)


def _run(context: click.Context, data: DataChoice, *, out: Path, **options: Any) -> None:
    from assets.benchmark.warming import warming_study

    with Bars(plain_console(stderr=True)) as bars:
        study = warming_study(data, out, bars=bars.update, **options)
    console: Console = context.obj.console
    shares = ", ".join(f"{name} {value:g}" for name, value in study.chosen.settings.items())
    console.print(f"chosen  {shares} (validation NDCG@20 {study.chosen.value:.4f})")
    for ending, what in (("md", "table"), ("svg", "plot"), ("json", "rows")):
        console.print(f"{what:<7} {out / f'warming.{ending}'}")
