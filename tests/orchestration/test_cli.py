"""The command line: its manual, its messages, its exit codes; two homes never touch each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from data.home import HOME_VARIABLE, Home
from orchestration.cli import main
from tests.orchestration.worlds import Cli, open_store

COMMANDS = [
    "benchmark",
    "config",
    "demo",
    "download",
    "evaluate",
    "fold-in",
    "import",
    "migrate",
    "place",
    "promote",
    "prune",
    "replay",
    "retrain",
    "rollback",
    "serve",
    "status",
    "ui",
    "watch",
]
SOURCES = ["citeulike", "files", "movielens", "movietweetings", "synthetic"]


@pytest.fixture
def cli(home: Home) -> Cli:
    return Cli(home)


def test_the_manual_lists_every_command_with_a_sentence() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    listing = result.output.partition("Commands:")[2]
    lines = [line.split(maxsplit=1) for line in listing.splitlines() if line.startswith("  ")]
    named = {words[0]: words[1] for words in lines if len(words) == 2 and words[0] in COMMANDS}
    assert sorted(named) == COMMANDS == sorted(main.commands)
    assert "COLDCAST_HOME" in result.output
    for usual in ("import citeulike", "retrain", 'place --text "A new title"', "status", "ui"):
        assert f"coldcast {usual}" in result.output


@pytest.mark.parametrize("words", [[name] for name in COMMANDS] + [["import", name] for name in SOURCES])
def test_each_command_explains_itself_and_its_options(words: list[str]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    usage, _, rest = result.output.partition("\n\n")
    assert usage.startswith("Usage:")
    assert rest.strip()[0].isupper()
    command = main.commands[words[0]]
    if len(words) == 2:
        command = command.commands[words[1]]  # type: ignore[attr-defined]
    assert command.help
    assert command.help.strip().endswith((".", ")")), command.help
    for option in command.params:
        if option.param_type_name == "option" and option.name != "help":
            assert option.help, f"{words} {option.name}"  # type: ignore[attr-defined]


def test_the_help_of_retrain_says_what_settings_do_and_how_much_is_held_out() -> None:
    told = " ".join(CliRunner().invoke(main, ["retrain", "--help"]).output.split())
    assert "A changed setting continues the same snapshot at the first station" in told
    assert "holds for this run only" in told
    assert "above 0, at most 0.5. At least 200 items are (snapshot.minimum), or half of all" in told
    assert "[default: 0.05]" in told


def test_the_reference_recipe_can_be_chosen_and_looked_at(cli: Cli) -> None:
    assert "[default|reference]" in CliRunner().invoke(main, ["retrain", "--help"]).output
    told = yaml.safe_load(cli.result("config", "--recipe", "reference").output)
    assert told["filterllm"]["similarity"] == "dot"
    assert told["placement"]["compare_with"] == "items"


def test_sources_are_listed() -> None:
    assert sorted(main.commands["import"].commands) == SOURCES  # type: ignore[attr-defined]


def test_an_unknown_command_and_option_exit_2(cli: Cli) -> None:
    assert "No such command 'retrian'" in cli.run("retrian", code=2)
    assert "No such option" in cli.run("status", "--all", code=2)
    assert "Invalid value for '-k'" in cli.run("place", "--text", "A title", "-k", "0", code=2)
    assert "Invalid value for '--port'" in cli.run("serve", "--port", "99999", code=2)
    assert "give one of them" in cli.run("place", "--text", "A title", "--out", "x.parquet", code=2)
    assert "give it with --text" in cli.run("place", "-k", "3", code=2)
    assert "say nothing to it" in cli.run("place", "--text", "A title", "--set", "placement.seed=3", code=2)
    assert "--home stands before the command" in cli.run("status", "--home", "elsewhere", code=2)
    assert "Missing argument 'VERSION'" in cli.run("promote", "--force", code=2)
    assert "version 1 of model coldcast does not exist" in cli.run("promote", "1", code=1)


def test_the_status_of_an_empty_home_says_what_to_do(cli: Cli) -> None:
    told = cli.run("status")
    assert f"home {cli.home.root}" in told
    assert "0 users, 0 items" in told
    assert "published nothing yet; `coldcast retrain` makes the first version" in told


def test_migrate_creates_the_store(cli: Cli) -> None:
    assert "has schema 0" in cli.run("migrate")
    assert (cli.home.root / "coldcast.db").exists()


def test_config_prints_a_file_that_gives_the_same_again(cli: Cli, tmp_path: Path) -> None:
    printed = cli.result("config", "--set", "bpr.d=64").output
    assert yaml.safe_load(printed)["bpr"]["d"] == 64
    file = tmp_path / "my.yaml"
    file.write_text(printed)
    assert cli.result("config", "--config", str(file)).output == printed
    cli.home.config_file.write_text(printed)
    assert cli.result("config").output == printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["config", "--set", "bprr.d=1"], "unknown section 'bprr'"),
        (["config", "--set", "bpr.dd=1"], "unknown setting bpr.dd"),
        (["retrain", "--set", "bpr.d=0"], "d must be at least 1, got 0"),
        (["retrain", "--set", "bpr.d"], "--set takes section.field=value"),
        (["retrain", "--config", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (["retrain", "--holdout", "0.9"], "holdout must be in (0, 0.5], got 0.9"),
        (["retrain", "--holdout", "0.1", "--time-split"], "--holdout is a share of the live holdout"),
        (
            ["place", "--set", "filterllm.epochs=3"],
            "--set filterllm.epochs=3 says nothing to place, which takes",
        ),
        (["evaluate", "--set", "distributions.version=2"], "settings of evaluation, placement, execution"),
        (["evaluate", "--set", "evaluation.references=false"], "there is no trained model"),
        (["evaluate", "--set", "execution.executor=multiprocess"], "there is no trained model"),
        (["watch", "--set", "placement.seed=3"], "says nothing to watch, which takes settings of sensors"),
        (["retrain"], "import"),
        (["place", "--text", " "], "--text is empty"),
        (["fold-in", "--user", "k" * 501, "--keywords", "tea"], "--user has 501 characters"),
        (["place", "--text", "A title"], "nothing is published yet"),
        pytest.param(["place"], "nothing is published yet", marks=pytest.mark.slow),  # MLflow starts
        (["rollback"], "nothing is published, so there is nothing to roll back"),
        pytest.param(["promote", "7", "--force"], "version 7", marks=pytest.mark.slow),
        (["evaluate"], "there is no trained model"),
        (["evaluate", "--snapshot", "000009-nothing"], "there is no snapshot '000009-nothing'"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_1(cli: Cli, words: list[str], message: str) -> None:
    result = cli.result(*words)
    assert result.exit_code == 1, result.output
    told = " ".join(result.output.split())
    assert told.startswith("Error: ")
    assert message in told
    assert "Traceback" not in told


def test_two_homes_never_touch_each_other(tmp_path: Path, home: Home) -> None:
    one, two = (Cli(Home.resolve(tmp_path / name, {})) for name in ("one", "two"))
    one.run("import", "synthetic", "--users", "50", "--items", "300", "--interactions", "1000")
    assert "0 users, 0 items" in two.run("status")
    assert "50 users, 300 items" in one.run("status")
    assert not (home.root / "coldcast.db").exists()  # COLDCAST_HOME names it, --home wins
    before = {path: path.stat().st_mtime_ns for path in one.home.root.rglob("*") if path.is_file()}
    two.run("import", "synthetic", "--users", "60", "--items", "310", "--interactions", "1000")
    assert before == {path: path.stat().st_mtime_ns for path in one.home.root.rglob("*") if path.is_file()}


def test_the_settings_of_a_home_nearby_are_not_read(tmp_path: Path, home: Home) -> None:
    nearby = tmp_path / ".coldcast"
    nearby.mkdir()
    (nearby / "config.yaml").write_text("sensors: {nightly: never}")
    (home.root / "config.yaml").write_text("sensors: {age_days: .inf}")
    without = {name: value for name, value in os.environ.items() if name != HOME_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "--home", str(home.root), "evaluate"],
        cwd=tmp_path,
        env={**without, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "there is no trained model" in " ".join(done.stderr.split()), done.stderr


def test_importing_the_same_again_adds_nothing(cli: Cli) -> None:
    words = ("import", "synthetic", "--users", "50", "--items", "300", "--interactions", "1000")
    first = cli.run(*words)
    assert "50 users, 300 items and " in first
    again = cli.run(*words)
    assert "0 users, 0 items and 0 interactions added" in again


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("words", "folder", "counts"),
    [
        (["citeulike"], "citeulike-a", {"users": 5551, "items": 16980}),
        (["movielens"], "ml-latest-small", {"users": 610, "items": 9742}),
        (["movielens", "--min-rating", "4"], "ml-latest-small", {"items": 9742}),
        (["movietweetings"], "movietweetings-100k", {}),
    ],
)
def test_public_sources_come_in(
    cli: Cli, shared_data: Path, words: list[str], folder: str, counts: dict[str, int]
) -> None:
    directory = shared_data / folder
    cli.run("import", *words, "--from", str(directory))
    with open_store(cli.home) as store:
        found = store.counts()
    assert found["interactions"] > 40_000
    assert {name: found[name] for name in counts} == counts
