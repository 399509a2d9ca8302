"""Asking for an audience, placing what waits, writing it all to a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.readers.dataset import Dataset, Source
from data.store.store import Store
from tests.orchestration.worlds import Cli, add_items, open_store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]


def version_of(store: Store) -> int:
    current = store.current_publication()
    assert current is not None
    return current.version


def audience(cli: Cli, item: str) -> list[str]:
    with open_store(cli.home) as store:
        return store.read_audiences(version_of(store), [item]).user_ids.tolist()


def vectors(cli: Cli) -> dict[str, bytes]:
    with open_store(cli.home) as store:
        _, items = store.read_published(version_of(store))
    return {item: row.tobytes() for item, row in zip(items.item_ids, items.vectors, strict=True)}


def test_a_text_gets_its_users_with_probabilities_and_their_titles(trained_home: Cli) -> None:
    before = vectors(trained_home)
    told = trained_home.run("place", "--text", "Deep [REC] learning", "--text", "Of cheese", "-k", "3")
    assert "Deep [REC] learning" in told
    assert "Of cheese" in told
    assert told.count("user-") == 6
    assert told.count("%") == 6 + 2  # each user's probability, and what all of them hold
    assert told.count("nearest titles of their history") == 2
    assert vectors(trained_home) == before
    with open_store(trained_home.home) as store:
        assert "Of cheese" not in store.read_items().texts.tolist()


def test_the_named_users_are_those_of_the_library_call(trained_home: Cli) -> None:
    from assets.model_version import load_version
    from assets.resources import RegistryResource

    resource = RegistryResource(home=str(trained_home.home.root))
    with open_store(trained_home.home) as store:
        version = load_version(resource.open(), version_of(store), cache=resource.cache())
    top = version.model.simulate(["Of cheese"], k=2)
    names = version.users.ids_of(top.users[0])
    told = trained_home.run("place", "--text", "Of cheese", "-k", "2")
    assert told.index(names[0]) < told.index(names[1])
    assert f"{np.exp(top.log_probabilities[0, 0]):.3%}" in told


def test_more_users_than_there_are_is_an_error_with_the_number(trained_home: Cli) -> None:
    told = trained_home.run("place", "--text", "Of cheese", "-k", "61", code=1)
    assert "-k asks for 61 users, but version " in told
    assert "knows 60; give at most 60" in told
    assert "user-" in trained_home.run("place", "--text", "Of cheese", "-k", "60")


def test_new_items_wait_until_they_are_placed(trained_home: Cli) -> None:
    add_items(trained_home.home, fresh_1="The cheese of law", fresh_2="The law of cheese")
    assert "items waiting 2 without a vector" in trained_home.run("status")
    before = vectors(trained_home)
    assert "items waiting 0 without a vector" in trained_home.run("place")
    after = vectors(trained_home)
    assert set(after) == {*before, "fresh-1", "fresh-2"}
    assert {item: after[item] for item in before} == before
    assert len(audience(trained_home, "fresh-1")) == 60  # all users, for there are fewer than 100


def test_placing_again_changes_nothing(trained_home: Cli) -> None:
    before = vectors(trained_home)
    trained_home.run("place")
    assert vectors(trained_home) == before


def test_a_new_text_is_placed_again_and_only_that_item(trained_home: Cli) -> None:
    add_items(trained_home.home, fresh_3="A random kernel")
    trained_home.run("place")
    before = vectors(trained_home)
    add_items(trained_home.home, fresh_3="The protein market of sound")
    assert "items waiting 1 without a vector" in trained_home.run("status")
    trained_home.run("place")
    after = vectors(trained_home)
    assert {item for item in after if after[item] != before[item]} == {"fresh-3"}


def test_no_pseudo_interaction_is_ever_stored(trained_home: Cli) -> None:
    with open_store(trained_home.home) as store:
        before = store.counts()["interactions"]
    add_items(trained_home.home, fresh_4="A deep tree")
    trained_home.run("place")
    with open_store(trained_home.home) as store:
        assert store.counts()["interactions"] == before


def test_an_item_without_text_is_placed_by_its_readers(trained_home: Cli) -> None:
    events = Source.of_table("events", {"user_id": ["user-0000", "user-0001"], "item_id": ["untitled"] * 2})
    with open_store(trained_home.home) as store:
        store.import_dataset(Dataset("untitled", interactions=events), create_unknown=True)
    trained_home.run("place")
    assert "untitled" in vectors(trained_home)
    assert audience(trained_home, "untitled") == []


def test_the_file_holds_every_published_audience(trained_home: Cli, tmp_path: Path) -> None:
    out = tmp_path / "new" / "audiences.parquet"
    told = trained_home.run("place", "--out", str(out))
    assert f"audiences of version 1 in {out}".replace(" ", "") in told.replace(" ", "")
    table = pq.read_table(out).to_pydict()
    assert list(table) == ["item_id", "rank", "user_id", "log_probability"]
    with open_store(trained_home.home) as store:
        rows = store.read_audiences(version_of(store))
    assert table["item_id"] == rows.item_ids.tolist()
    assert table["user_id"] == rows.user_ids.tolist()
    assert min(table["rank"]) == 1
    assert max(table["log_probability"]) <= 0
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_file_that_cannot_be_written_is_named(trained_home: Cli, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    told = trained_home.run("place", "--out", str(taken / "audiences.parquet"), code=1)
    assert "cannot be written" in told
    assert "--out" in told
