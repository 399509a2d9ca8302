"""The command that puts several splits of one data set together."""

from pathlib import Path

import click
from rich.console import Console

from orchestration.cli_benchmark_data import FOLDER, docs_option, out_option


@click.command()
@click.argument("results", nargs=-1, required=True, type=FOLDER)
@out_option
@docs_option
@click.pass_context
def summary(context: click.Context, results: tuple[Path, ...], out: Path, docs: Path | None) -> None:
    """Means and deviations over several splits, and the product against every closed form by user.

    RESULTS are folders that coldcast benchmark has filled, each of another split of the same data set: five salts
    are five independent splits. A user's difference is the mean over the splits in which he is judged; intervals are
    over users, since the splits share them.

    \b
      coldcast benchmark summary results-1 results-2 results-3 --out results-all
    """
    from assets.benchmark.summary import summarised

    found = summarised(results, out, docs=docs)
    console: Console = context.obj.console
    console.print(f"splits  {len(found.splits)}")
    for one in found.differences:
        if one.reference == found.best_closed_form:
            console.print(
                f"{one.model} minus {one.reference}, {one.metric}: {one.difference:+.4f} "
                f"({one.low:+.4f} to {one.high:+.4f}), {100 * one.relative:+.1f} %",
                markup=False,
            )
    console.print(f"table   {out / 'summary.md'}", soft_wrap=True)
    console.print(f"rows    {out / 'summary.json'}", soft_wrap=True)
