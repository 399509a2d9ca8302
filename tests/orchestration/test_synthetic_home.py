"""A synthetic world is never mixed with real users, nor with another world."""

from __future__ import annotations

import pytest

from data.errors import InputError
from data.home import Home
from data.readers.synthetic import WORLD_FILE
from orchestration.synthetic_home import make_world, require_own
from tests.orchestration.worlds import Cli, add_items, open_store

IMPORT = ("import", "synthetic", "--items", "300", "--interactions", "1000", "--users")


@pytest.fixture
def cli(home: Home) -> Cli:
    return Cli(home)


def counts(home: Home) -> dict[str, int]:
    with open_store(home) as store:
        return store.counts()


@pytest.mark.parametrize("command", [(*IMPORT, "50"), ("demo", "--users", "50", "--items", "300")])
def test_real_data_are_not_joined_by_a_world(cli: Cli, command: tuple[str, ...]) -> None:
    add_items(cli.home, real="A real title")
    told = cli.run(*command, code=1)
    assert "holds other data" in told
    assert "Remedy: give it a state folder of its own, `coldcast --home .coldcast-" in told
    assert counts(cli.home)["users"] == 0
    assert not (cli.home.root / WORLD_FILE).exists()


@pytest.mark.parametrize(
    "command",
    [
        (*IMPORT, "50"),
        (*IMPORT, "60", "--seed", "1"),
        ("demo", "--users", "50", "--items", "300"),
        ("demo", "--users", "60", "--items", "300"),  # of other interactions
    ],
)
def test_a_world_is_not_joined_by_another(cli: Cli, command: tuple[str, ...]) -> None:
    cli.run(*IMPORT, "60")
    before = counts(cli.home), (cli.home.root / WORLD_FILE).read_text()
    told = cli.run(*command, code=1)
    assert "holds another synthetic world (60 users, 300 items, about 1,000 interactions, seed 0)" in told
    assert "--home" in told
    assert (counts(cli.home), (cli.home.root / WORLD_FILE).read_text()) == before


def test_the_same_world_may_come_again(cli: Cli) -> None:
    world = make_world(60, 300, n_interactions=1000, seed=0)
    with open_store(cli.home) as store:
        require_own(cli.home, store, world, instead="x")
    cli.run(*IMPORT, "60")
    with open_store(cli.home) as store:
        require_own(cli.home, store, world, instead="x")


def test_a_world_whose_import_failed_leaves_no_word_of_itself(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise InputError("the disk is full")

    monkeypatch.setattr("data.store.store.Store.import_dataset", broken)
    for command in ((*IMPORT, "60"), ("demo", "--users", "50", "--items", "300")):
        assert "the disk is full" in cli.run(*command, code=1)
    assert not (cli.home.root / WORLD_FILE).exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            ("import", "synthetic", "--users", "50", "--items", "300", "--interactions", "20000"),
            "users x items",
        ),
        ((*IMPORT, "50", "--interactions", "-1"), "n_interactions must be between 0 and"),
        ((*IMPORT, "50", "--seed", "-1"), "seed must not be negative, got -1"),
        (("demo", "--seed", "-1"), "seed must not be negative, got -1"),
    ],
)
def test_a_world_that_cannot_be_is_refused_in_one_line(
    cli: Cli, command: tuple[str, ...], message: str
) -> None:
    told = cli.run(*command, code=1)
    assert told.startswith("Error: there is no such world: ")
    assert message in told
