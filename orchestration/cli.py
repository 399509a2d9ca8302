"""The command line: each command starts the job a sensor would, or acts directly on the home."""

import os
from dataclasses import dataclass
from pathlib import Path

import click
import yaml
from rich.console import Console

from assets.recipes import RECIPES, RecipeName
from data.home import DAGSTER_VARIABLE, DATABASE_VARIABLE, HOME_VARIABLE, MLFLOW_VARIABLE, Home
from data.split_choice import SplitChoice
from orchestration.cli_benchmark import benchmark_group
from orchestration.cli_errors import FriendlyGroup
from orchestration.cli_import import download, import_group
from orchestration.cli_replay import replay_group
from orchestration.terminal import plain_console

EPILOG = f"""
State lives in one folder: --home, else {HOME_VARIABLE}, else ./.coldcast. {DATABASE_VARIABLE}, {MLFLOW_VARIABLE}
and {DAGSTER_VARIABLE} replace single parts of it by a server.
"""
HOME_HELP = f"The state folder; stands before the command. [default: {HOME_VARIABLE}, else ./.coldcast]"
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
USERS_PER_TEXT = 20


@dataclass(frozen=True)
class Context:
    """What every command gets."""

    home: Home
    console: Console


@click.group(cls=FriendlyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(file_okay=False), default=None, help=HOME_HELP)
@click.version_option(package_name="coldcast")
@click.pass_context
def main(context: click.Context, home: str | None) -> None:
    """Who will want a new item? One pass over its text gives a distribution over all users.

    \b
    The usual way:
      coldcast import files --interactions x.csv --items y.csv    events and texts into the store
      coldcast import citeulike --from DIR                        or a public data set
      coldcast retrain                       snapshot, train, judge, register, promote, place, publish
      coldcast place --text "A new title"    the audience of a title never seen before
      coldcast fold-in                       new users join at once, without a retrain
      coldcast status                        what is published, what waits
      coldcast ui                            Dagster and MLflow in the browser; sensors and schedules run
    """
    found = Home.resolve(home)
    # sensors and schedules read the home's settings when they are imported
    os.environ[HOME_VARIABLE] = str(found.root)
    context.obj = Context(found, plain_console())


main.add_command(import_group)
main.add_command(download)
main.add_command(benchmark_group)
main.add_command(replay_group)

CONFIG = click.option(
    "--config", "config_file", type=FILE, help="A YAML file of settings, see `coldcast config`."
)
SET = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SECTION.FIELD=VALUE",
    help="One setting of this run, e.g. tokens.d=64; the home's config.yaml keeps settings. May be repeated.",
)

RECIPE = click.option(
    "--recipe",
    type=click.Choice(RECIPES),
    default="default",
    show_default=True,
    help="What is not set otherwise: the product's own defaults, or FilterLLM's reference form.",
)


@main.command(short_help="Train on what the store holds; publish if better.")
@CONFIG
@SET
@RECIPE
@click.option(
    "--split",
    "split_directory",
    type=FOLDER,
    help="Use a fixed split instead of the live holdout: a folder with warm_train.csv, warm_val.csv, warm_test.csv, "
    "cold_item_val.csv and cold_item_test.csv, each of the columns user,item with the ids of the import.",
)
@click.option(
    "--time-split", is_flag=True, help="Split by time: the newest items and interactions are held out."
)
@click.option(
    "--holdout",
    type=float,
    help="Share of items and of warm items' pairs held out, validation and test together; above 0, at most 0.5. "
    f"At least {SplitChoice().minimum} items are (snapshot.minimum), or half of all: in a small store more than this "
    f"share. [default: {SplitChoice().holdout}]",
)
@click.option(
    "--force",
    is_flag=True,
    help="Train although nothing changed; such a version is never promoted by itself.",
)
@click.option(
    "--extend",
    is_flag=True,
    help="Go on from the published version instead of starting over.",
)
@click.pass_obj
def retrain(
    obj: Context,
    config_file: Path | None,
    assignments: tuple[str, ...],
    recipe: RecipeName,
    split_directory: Path | None,
    time_split: bool,
    holdout: float | None,
    force: bool,
    extend: bool,
) -> None:
    """Snapshot, train, judge, register; promote if better; place cold items and publish.

    Without new data since the last finished retrain it says so and stops. A retrain that failed or was
    interrupted continues at the first station whose artefact is missing.

    A changed setting continues the same snapshot at the first station that it concerns, and may register a
    new version. What --set and --recipe give holds for this run only; config.yaml in the state folder keeps
    settings, so a later run without the same options goes back to them.
    """
    from orchestration.extending import extending
    from orchestration.retraining import retrain_home
    from orchestration.settings import Settings, split_choice

    settings = Settings.read(obj.home, config_file, assignments, recipe=recipe)
    settings = split_choice(settings, directory=split_directory, by_time=time_split, holdout=holdout)
    if extend:
        settings, why = extending(obj.home, settings)
        obj.console.print(why)
    retrain_home(obj.home, settings, console=obj.console, force=force)


@main.command(short_help="Place every new item, or print a text's audience.")
@CONFIG
@SET
@click.option(
    "--text",
    multiple=True,
    help="Print the audience of this text, written as --template made those of the import; nothing is stored. "
    "May be repeated.",
)
@click.option(
    "-k", "--users", "k", type=click.IntRange(min=1), help=f"Users per --text. [default: {USERS_PER_TEXT}]"
)
@click.option("--out", type=FILE, help="Write the published audiences to this Parquet file.")
@click.pass_obj
def place(
    obj: Context,
    config_file: Path | None,
    assignments: tuple[str, ...],
    text: tuple[str, ...],
    k: int | None,
    out: Path | None,
) -> None:
    """Give every item without a vector its audience and its embedding, with the published version.

    With --text: print who would want it, each with a probability and the nearest titles of their history.
    """
    from orchestration import placing
    from orchestration.settings import Settings, require_used

    if k is not None and not text:
        raise click.UsageError("-k says how many users --text prints; give it with --text, or leave it out")
    if text and out is not None:
        raise click.UsageError("--text only prints and --out only writes what is published; give one of them")
    if text and (config_file is not None or assignments):
        raise click.UsageError(
            "--text asks the version that is published: --config and --set say nothing to it"
        )
    if text:
        placing.print_audiences(obj.home, list(text), k=k or USERS_PER_TEXT, console=obj.console)
        return
    settings = Settings.read(obj.home, config_file, assignments)
    require_used(assignments, (*placing.SECTIONS, "execution"), "place")
    placing.place_items(obj.home, settings, console=obj.console)
    if out is not None:
        placing.export_audiences(obj.home, out, console=obj.console)


@main.command("fold-in", short_help="Give new users provisional vectors at once.")
@click.option("--user", "user_id", help="Fold in this one user by --keywords; he is added if he is new.")
@click.option("--keywords", help="What the user likes, in words; used while he has no interactions.")
@click.pass_obj
def fold_in(obj: Context, user_id: str | None, keywords: str | None) -> None:
    """Give users outside the published vocabulary provisional vectors; the next retrain replaces them.

    Everybody with interactions gets one from the items touched so far, in closed form. They are recommended to at
    once, may stand in the audiences of items placed from now on, and count as outside until the retrain.
    """
    from orchestration import folding_in

    if (user_id is None) != (keywords is None):
        raise click.UsageError("--user and --keywords belong together; give both or neither")
    if user_id is not None and keywords is not None:
        folding_in.fold_in_one(obj.home, user_id, keywords, console=obj.console)
        return
    folding_in.fold_in_users(obj.home, console=obj.console)


@main.command()
@CONFIG
@SET
@click.option("--snapshot", help="The snapshot's key; the newest one with trained models if left out.")
@click.pass_obj
def evaluate(
    obj: Context, config_file: Path | None, assignments: tuple[str, ...], snapshot: str | None
) -> None:
    """Judge a snapshot's trained models again and print the report."""
    from orchestration.retraining import JUDGED_BY, evaluate_home
    from orchestration.settings import Settings, require_used

    settings = Settings.read(obj.home, config_file, assignments)
    require_used(assignments, (*JUDGED_BY, "execution"), "evaluate")
    evaluate_home(obj.home, settings, snapshot=snapshot, console=obj.console)


@main.command(short_help="Publish a version that the gate held or refused.")
@click.argument("version", type=int)
@click.option("--force", is_flag=True, help="Say that you overrule the gate; it is recorded.")
@click.option("--reason", default="", help="Why; recorded with the version.")
@click.pass_obj
def promote(obj: Context, version: int, force: bool, reason: str) -> None:
    """Publish a VERSION that the gate held for a human; with --force any registered one, although it was refused."""
    from orchestration.releases import promote_version

    promote_version(obj.home, version, force=force, reason=reason, console=obj.console)


@main.command(short_help="Publish the version before the present one again.")
@click.option("--reason", default="", help="Why; recorded.")
@click.pass_obj
def rollback(obj: Context, reason: str) -> None:
    """Publish the version that was published before the present one."""
    from orchestration.releases import roll_back

    roll_back(obj.home, reason=reason, console=obj.console)


@main.command(short_help="What is stored, trained and published.")
@click.pass_obj
def status(obj: Context) -> None:
    """What is stored, trained and published in this home; repairs an alias that lags behind."""
    from orchestration.status import print_status

    print_status(obj.home, obj.console)


@main.command(short_help="Measure how what is published is doing.")
@CONFIG
@SET
@click.pass_obj
def watch(obj: Context, config_file: Path | None, assignments: tuple[str, ...]) -> None:
    """Measure what is published: forward recall, coverage, audiences, popularity bias, drift of new texts.

    The daemon does the same each hour; the retrain rule reads the newest numbers.
    """
    from orchestration.settings import Settings, require_used
    from orchestration.watching import watch_home

    settings = Settings.read(obj.home, config_file, assignments)
    require_used(assignments, ("sensors",), "watch")
    watch_home(obj.home, settings, console=obj.console)


@main.command(short_help="Print every setting with its value, as YAML.")
@CONFIG
@SET
@RECIPE
@click.pass_obj
def config(obj: Context, config_file: Path | None, assignments: tuple[str, ...], recipe: RecipeName) -> None:
    """Print every setting with its value, as YAML to start your own file from.

    Later ones win: --recipe, config.yaml in the state folder, --config, --set. null is left to the program: tuned to
    the data, or chosen on validation items.
    """
    from orchestration.settings import Settings

    effective = Settings.read(obj.home, config_file, assignments, recipe=recipe).effective()
    click.echo(yaml.safe_dump(effective, sort_keys=False), nl=False)


@main.command(short_help="Bring the store's schema to this version's.")
@click.pass_obj
def migrate(obj: Context) -> None:
    """Bring the store's schema to this version's; a newer schema is refused."""
    from data.store.store import Store

    with Store.open(obj.home.create().database_url) as store:
        obj.console.print(f"the store {store.url} has schema {store.schema_revision()}")


@main.command(short_help="Delete old snapshots, artefacts and versions.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Newest snapshots and versions kept.",
)
@click.pass_obj
def prune(obj: Context, keep: int) -> None:
    """Delete old snapshots, artefacts and versions at once; what is published, and what came before it, stays."""
    from orchestration.releases import prune_home

    prune_home(obj.home, keep=keep, console=obj.console)


@main.command(short_help="Serve Dagster (with its daemon) and MLflow.")
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=3000,
    show_default=True,
    help="Dagster's port; MLflow gets the next one.",
)
@click.pass_obj
def ui(obj: Context, port: int) -> None:
    """Serve Dagster (with its daemon) and MLflow on loopback until interrupted.

    The daemon runs sensors and schedules: new items are placed and retrains start while this command runs.
    """
    from orchestration.web import serve_uis

    serve_uis(obj.home, port=port, console=obj.console)


@main.command()
@click.option(
    "--users", type=click.IntRange(min=50), default=600, show_default=True, help="Users of the world."
)
@click.option(
    "--items", type=click.IntRange(min=300), default=1500, show_default=True, help="Items of the world."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the world.")
@click.pass_obj
def demo(obj: Context, users: int, items: int, seed: int) -> None:
    """The whole way on a synthetic world whose right answer is known.

    The world is imported into the state folder, which must hold nothing else: give it one of its own
    (coldcast --home .coldcast-demo demo).
    """
    from orchestration.demo import run_demo

    run_demo(obj.home, users=users, items=items, seed=seed, console=obj.console)


@main.command(short_help="Answer over HTTP from the published version.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on."
)
@click.pass_obj
def serve(obj: Context, host: str, port: int) -> None:
    """Answer recommendation and audience requests from the published version over HTTP."""
    from orchestration.web import serve_recommendations

    serve_recommendations(obj.home, host=host, port=port)


if __name__ == "__main__":
    main()
