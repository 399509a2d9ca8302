"""The command that times one judgement a candidate against one distribution an item."""

from pathlib import Path

import click
from rich.console import Console

from orchestration.cli_benchmark_data import docs_option, language_model_option, out_option
from orchestration.terminal import Bars, plain_console


@click.command("speed")
@click.option(
    "--items",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="New items whose users are judged, as one batch.",
)
@click.option(
    "--users",
    type=click.IntRange(min=500),
    default=5000,
    show_default=True,
    help="Users of the synthetic world.",
)
@language_model_option
@out_option
@docs_option
@click.pass_context
def speed(
    context: click.Context, out: Path, items: int, users: int, language_model: str, docs: Path | None
) -> None:
    """Time text to judgment against text to distribution: what finding a new item's users costs.

    It takes a few minutes.

    The first asks the language model about each of 20, 100 or 500 candidates of a filter, as ColdLLM does, the second
    reads the item's text once, as FilterLLM does. Titles are synthetic, weights untrained, the code is that of
    the models in the table.

    \b
      OUT/speed.json   texts and tokens read and seconds, per item; speed.md for people

    \b
      coldcast benchmark speed --out results
    """
    from assets.benchmark.speed import SpeedRequest, run_speed

    request = SpeedRequest(out, items=items, users=users, language_model=language_model, docs=docs)
    with Bars(plain_console(stderr=True)) as bars:
        rows = run_speed(request, report=lambda done, total, note: bars.update("speed", done, total, note))
    console: Console = context.obj.console
    for row in rows:
        console.print(
            f"{row.method:<21} {row.candidates:>4} candidates  {row.calls_per_item:6.1f} calls  "
            f"{1000 * row.seconds_per_item:10,.1f} ms an item"
        )
    console.print(f"table   {out / 'speed.md'}", soft_wrap=True)
    console.print(f"rows    {out / 'speed.json'}", soft_wrap=True)
