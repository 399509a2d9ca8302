"""The command that fills the table of results."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from assets.benchmark.data_choice import DataChoice
from assets.benchmark.entry import MOST_SEEDS
from orchestration.cli_benchmark_data import (
    citeulike_data,
    language_model_option,
    movietweetings_data,
    out_option,
)
from orchestration.cli_benchmark_speed import speed
from orchestration.cli_benchmark_summary import summary
from orchestration.cli_benchmark_warming import warming_group
from orchestration.terminal import Bars, plain_console

if TYPE_CHECKING:
    from assets.benchmark.run import BenchmarkRequest, Outcome

FAILED = 1
"""Exit code when a unit failed."""


@click.group("benchmark", short_help="Compare all models on a public data set.")
def benchmark_group() -> None:
    """Train every model of the table on a public data set and judge all by the same evaluator.

    \b
    The work is cut into units: one model with one seed, at most 20 minutes each (ColdLLM: an hour
    and a half, going on at the block of questions that it was at).
      OUT/units/MODEL-seedN/   ranked lists of a finished unit, compressed; every figure is computed from them
      OUT/cache/               text vectors and collaborative vectors that several units share
      OUT/benchmark.json       every figure, one row each; benchmark.md and benchmark.html for people
      OUT/ids.npz              the ids behind the indices of the lists
      OUT/cold_test_users.npz  each user's figures of every model, for summaries over several splits

    A unit is whole or not there: interrupt or kill the command at any moment, and the same command goes on at
    the unit it was at. Two commands may share OUT; each takes units that the other is not at. A unit that fails
    is recorded with its error and the others go on; the exit code is then 1, and the next command tries it again.

    With --docs the figures of every unit are kept beside the code, a few kilobytes each, and a folder OUT on another
    machine goes on from them: such a unit is "kept". Its lists stay where it was run.

    A finished unit records what it was set to. Where that has changed since, it is stale: not in the table, and run
    again. Changed code is not seen; to run a finished unit again, delete its folder.
    """


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Options that all data sets share."""
    options = (
        out_option,
        click.option(
            "--seeds",
            type=click.IntRange(1, MOST_SEEDS),
            default=MOST_SEEDS,
            show_default=True,
            help="Seeds at most; trained rivals have 3 and ablations 1.",
        ),
        click.option("--only", multiple=True, metavar="MODEL", help="Only this model; may be repeated."),
        click.option(
            "--quick", is_flag=True, help="One seed of the product and the closed forms: about 10 minutes."
        ),
        click.option("--status", is_flag=True, help="Print how far every unit is, and run nothing."),
        language_model_option,
        click.option(
            "--docs",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder of the project's documents: write DOCS/results/NAME.json, a short copy, the tables into "
            "DOCS/results.md, between the two lines that are there for them, and each unit's figures into "
            "DOCS/results/NAME/. Units whose figures are there already are not run.",
        ),
        click.pass_context,
    )
    for option in reversed(options):
        command = option(command)
    return command


@benchmark_group.command()
@citeulike_data
@_common
def citeulike(context: click.Context, data: DataChoice, **options: Any) -> None:
    """CiteULike-a: users.dat and titles.txt, split by a folder of user,item files.

    \b
      coldcast benchmark citeulike --split citeulike-a/split-seed42 --seeds 5 --out results
      coldcast benchmark citeulike --split citeulike-a/split-seed42 --out results --only ridge --only default
      coldcast benchmark citeulike --split citeulike-a/split-seed42 --out results --status
    """
    _run(context, data, **options)


@benchmark_group.command()
@movietweetings_data
@_common
def movietweetings(context: click.Context, data: DataChoice, **options: Any) -> None:
    """MovieTweetings: ratings.dat and movies.dat; a fifth of the items held out by hash, or the newest by time.

    \b
      coldcast benchmark movietweetings --from movietweetings-100k --salt 1 --out results-1
      coldcast benchmark movietweetings --from movietweetings-100k --time-split --out results-time
    """
    _run(context, data, **options)


benchmark_group.add_command(summary)
benchmark_group.add_command(warming_group)
benchmark_group.add_command(speed)


def _run(
    context: click.Context,
    data: DataChoice,
    *,
    out: Path,
    seeds: int,
    only: tuple[str, ...],
    quick: bool,
    status: bool,
    language_model: str,
    docs: Path | None,
) -> None:
    from assets.benchmark.run import BenchmarkRequest, run_benchmark

    request = BenchmarkRequest(data, out, seeds, only, quick, language_model, docs)
    console: Console = context.obj.console
    if status:
        data.require_files()
        _print_status(request, console)
        return
    stderr = plain_console(stderr=True)
    with Bars(stderr) as bars:
        outcome = run_benchmark(request, bars=bars.update, say=stderr.print)
    _print_outcome(outcome, request, console)
    if outcome.failed:
        context.exit(FAILED)


def _print_status(request: "BenchmarkRequest", console: Console) -> None:
    from assets.benchmark.run import unit_statuses

    found = unit_statuses(request)
    table = Table(title=f"{sum(one.state in ('done', 'kept') for one in found)} of {len(found)} units done")
    for column in ("unit", "models", "state", "seconds", "note"):
        table.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")
    for one in found:
        seconds = "" if one.seconds is None else f"{one.seconds:,.0f}"
        models = ", ".join(one.unit.entry.models)
        table.add_row(one.unit.name, models, one.state, seconds, one.note)
    console.print(table)


def _print_outcome(outcome: "Outcome", request: "BenchmarkRequest", console: Console) -> None:
    out = request.out
    console.print(
        f"{len(outcome.done)} units done, {len(outcome.failed)} failed, {len(outcome.elsewhere)} with another process"
    )
    for unit, error in outcome.failed:
        console.print(f"failed  {unit.name}: {error}", style="red")
    if outcome.done:
        console.print(f"table   {out / 'benchmark.md'}", soft_wrap=True)
        console.print(f"page    {out / 'benchmark.html'}", soft_wrap=True)
        console.print(f"rows    {out / 'benchmark.json'}", soft_wrap=True)
        if request.docs is not None:
            console.print(f"docs    {request.docs / 'results.md'}")
