"""The commands that replay months of events under three policies."""

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from data.errors import InputError
from orchestration.terminal import Bars, plain_console

if TYPE_CHECKING:
    from assets.replay.source import ReplaySource

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


class Duration(click.ParamType[int]):
    """A length of time such as 12h, 7d or 2w; gives seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)([hdw])", str(value))
        if match is None or not int(match[1]):
            self.fail(f"{value!r} is no length of time; write 12h, 7d or 2w", param, ctx)
        return int(match[1]) * UNITS[match[2]]


@click.group("replay", short_help="Months of events, retrained never, always, by rule.")
def replay_group() -> None:
    """Months of events in time order: never retrain, always retrain, and the sensors' rule side by side.

    At each step's beginning every policy may train on what has happened so far; a version comes into office if the
    gate lets it. What is in office is judged by what people do in the step: Recall@20 and NDCG@20 of users, and of the
    audiences named for new items.

    \b
      OUT/replay.html    a page: the three curves, and every step of every policy
      OUT/replay.json    the figures
      OUT/trained/       what was trained

    A replay that was broken off goes on from what was trained; its steps are judged again.
    """


def _common(*, step: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    options = (
        click.option("--step", type=Duration(), default=step, show_default=True, help="Length of a step."),
        click.option(
            "--steps",
            type=click.IntRange(min=1),
            default=None,
            help="At most so many; all that fit if left out.",
        ),
        click.option(
            "--history",
            type=click.FloatRange(0, 1, max_open=True),
            default=0.2,
            show_default=True,
            help="Share of the time span before the first step, at least.",
        ),
        click.option("--seed", type=int, default=42, show_default=True, help="Of the trainings."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            required=True,
            help="Folder of what is written.",
        ),
        click.option(
            "--docs", type=FOLDER, help="Folder of documents: also keep the figures in results/replay.json."
        ),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="SECTION.FIELD=VALUE",
            help="A threshold of the rule, as sensors.share=0.1; with --extend a setting of the retrains.",
        ),
        click.option(
            "--extend",
            is_flag=True,
            help="Instead of policies: at every step a retrain in full and one that extends the version of the step "
            "before, with the product's own settings; OUT/extending.json.",
        ),
        click.pass_context,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@replay_group.command()
@click.option("--from", "--data", "directory", type=FOLDER, required=True, help="The folder of the data.")
@_common(step="7d")
def movietweetings(context: click.Context, directory: Path, **options: Any) -> None:
    """MovieTweetings: ratings.dat and movies.dat.

    \b
      coldcast replay movietweetings --from movietweetings-100k --step 7d --out replay-films
    """
    from assets.replay.source import movietweetings_source

    _run(context, movietweetings_source(directory), **options)


@replay_group.command()
@click.option("--from", "--data", "directory", type=FOLDER, required=True, help="The folder of the data.")
@_common(step="4w")
def movielens(context: click.Context, directory: Path, **options: Any) -> None:
    """MovieLens: a folder of ml-latest-small, or of 1M and 10M."""
    from assets.replay.source import movielens_source

    _run(context, movielens_source(directory), **options)


@replay_group.command()
@click.option("--interactions", type=FILE, required=True, help="Columns user_id, item_id and time.")
@click.option("--items", type=FILE, required=True, help="Columns item_id and text; if there, created_at.")
@click.option("--name", default="files", show_default=True, help="What the figures are kept under.")
@_common(step="7d")
def files(context: click.Context, interactions: Path, items: Path, name: str, **options: Any) -> None:
    """Your own files, as `coldcast import files` reads them."""
    from assets.replay.source import files_source

    _run(context, files_source(interactions, items, name=name), **options)


@replay_group.command()
@click.option("--users", type=click.IntRange(min=50), default=6000, show_default=True)
@click.option("--items", type=click.IntRange(min=300), default=2000, show_default=True)
@click.option("--interactions", type=int, default=150_000, show_default=True, help="About so many.")
@click.option(
    "--drift",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of every user's taste that another one has taken over at the end of the year.",
)
@click.option(
    "--newcomers",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.3,
    show_default=True,
    help="Share of the users who arrive during the year.",
)
@click.option("--world-seed", type=int, default=0, show_default=True, help="Of the world.")
@_common(step="14d")
def synthetic(
    context: click.Context,
    users: int,
    items: int,
    interactions: int,
    drift: float,
    newcomers: float,
    world_seed: int,
    **options: Any,
) -> None:
    """A year of the synthetic world in which tastes drift and users and items arrive.

    \b
      coldcast replay synthetic --steps 20 --out replay-synthetic
    """
    from assets.replay.source import synthetic_source

    source = synthetic_source(
        users=users,
        items=items,
        interactions=interactions,
        drift=drift,
        newcomers=newcomers,
        seed=world_seed,
    )
    _run(context, source, **options)


def spoken_command(words: Sequence[str]) -> str:
    """The command as others would give it: from ``replay`` on, folders and files by their last names."""
    start = words.index("replay") if "replay" in words else 0
    named = [Path(word).name if Path(word).is_absolute() else word for word in words[start:]]
    return shlex.join(["coldcast", *named])


def _run(
    context: click.Context,
    source: "ReplaySource",
    *,
    step: int,
    steps: int | None,
    history: float,
    seed: int,
    out: Path,
    docs: Path | None,
    assignments: tuple[str, ...],
    extend: bool,
) -> None:
    if extend:
        given = {"step": step, "steps": steps, "history": history, "seed": seed, "out": out, "docs": docs}
        return _extending(context, source, assignments, given)
    from assets.replay.run import ReplayRequest, run_replay
    from assets.replay.settings import ReplaySettings
    from orchestration.settings import Settings

    stray = [one for one in assignments if not one.startswith("sensors.")]
    if stray:
        raise InputError(f"--set takes thresholds of the rule here, as sensors.share=0.1; got {stray[0]!r}")
    rule = Settings.read(context.obj.home, assignments=assignments).rule()
    request = ReplayRequest(
        source,
        out,
        step=step,
        history=history,
        steps=steps,
        settings=ReplaySettings(seed=seed, **source.settings),
        rule=rule,
        command=spoken_command(sys.argv[1:]),
        docs=docs,
    )
    console: Console = context.obj.console
    stderr = plain_console(stderr=True)
    with Bars(stderr) as bars:
        replay = run_replay(request, bars=bars.update, say=stderr.print)
    for name, total in replay.totals.items():
        recall = total.figures["recall"]
        told = "–" if recall is None else f"{recall.mean:.4f} [{recall.low:.4f}, {recall.high:.4f}]"
        console.print(
            f"{name:<7} forward Recall@20 {told}; {total.trained} trained, {total.promoted} in office, "
            f"{total.train_seconds:,.0f} s"
        )
    ahead, share = replay.differences["loop minus never"]["recall"], replay.share_of_always()
    if ahead is not None:
        console.print(f"loop minus never {ahead.mean:+.4f} [{ahead.low:+.4f}, {ahead.high:+.4f}]")
    console.print(
        f"loop reaches {share['recall']:.1%} of always at {share['train_seconds']:.1%} of its training time"
    )
    console.print(f"page    {out / 'replay.html'}", soft_wrap=True)


def _extending(
    context: click.Context, source: "ReplaySource", assignments: Sequence[str], given: dict[str, Any]
) -> None:
    """Retrains in full beside extending ones."""
    from assets.replay.extending import ExtendingRequest, RetrainSettings, compare_extending
    from orchestration.settings import Settings, section_classes

    settings = Settings.read(context.obj.home, assignments=assignments)
    kinds, seed = section_classes(), given["seed"]
    for section in ("bpr", "tokens", "filterllm", "placement"):
        settings = settings.with_values(section, seed=seed)
    names = ("bpr", "tokens", "filterllm", "placement", "extension", "snapshot")
    if settings.effective()["tokens"]["method"] != "ials":
        raise InputError(
            "--extend compares retrains whose token vectors are of iALS; leave tokens.method as it is"
        )
    sections = {name: kinds[name](**settings.sections.get(name, {})) for name in names}
    given["out"].mkdir(parents=True, exist_ok=True)
    request = ExtendingRequest(
        source, settings=RetrainSettings(**sections), command=spoken_command(sys.argv[1:]), **given
    )
    found = compare_extending(request, say=plain_console(stderr=True).print)
    loss = found.relative_loss
    context.obj.console.print(
        f"extend takes {found.share_of_time:.1%} of the processor's time and loses {loss.mean:.2%} "
        f"[{loss.low:.2%}, {loss.high:.2%}] of cold NDCG@20 {found.full.mean:.4f}"
    )
    context.obj.console.print(f"figures {given['out'] / 'extending.json'}", soft_wrap=True)
