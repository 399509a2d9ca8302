"""New users join the published version without a retrain: by what they touched, or by a few words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest

from data.home import Home
from data.readers.dataset import Dataset, Source
from serving.recommender import recommend_items
from serving.store_source import StoreSource
from tests.orchestration.worlds import Cli, add_items, arrive, filled, open_store, publish_all, trained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A home of 60 users with a published version; nobody else counts its users."""
    before = dict(os.environ)
    for name in ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL"):
        os.environ.pop(name, None)
    yield trained(tmp_path_factory.mktemp("folding"))
    os.environ.clear()
    os.environ.update(before)


def test_a_fold_in_by_hand_runs_as_the_home_has_it(home: Home) -> None:
    filled(home)
    publish_all(home)
    arrive(home, "new-a")
    home.config_file.write_text("execution: {executor: multiprocess, max_concurrent: 2}\nbpr: {d: 9}\n")
    with mock.patch("orchestration.folding_in.run_job") as started:
        Cli(home).run("fold-in")
    assert started.call_args.kwargs["run_config"] == {
        "ops": {},
        "resources": {},
        "execution": {"config": {"multiprocess": {"max_concurrent": 2}}},
    }


def served(cli: Cli, user: str) -> list[str]:
    """What the user would be shown, without what he knows."""
    source = StoreSource.open(cli.home.database_url)
    edition = source.current_edition()
    assert edition is not None
    space = source.read_space(edition.version)
    assert space.is_provisional(user)
    found = recommend_items(space, user, k=5, seen=source.items_of(user))
    source.close()
    return [one.id for one in found]


def test_new_users_are_recommended_to_and_still_count_as_outside(own_home: Cli) -> None:
    assert "every user with interactions has a vector of version 1" in own_home.run("fold-in")
    arrive(own_home.home, "new-a", "new-b", events=4)
    with open_store(own_home.home) as store:
        outside = store.count_users_outside(1, min_events=3)
    assert "2 users were folded into version 1; the next retrain replaces them" in own_home.run("fold-in")
    assert len(served(own_home, "new-a")) == 5
    assert served(own_home, "new-a") == served(own_home, "new-b")  # they touched the same
    with open_store(own_home.home) as store:
        assert store.count_users_outside(1, min_events=3) == outside == 2
        assert list(store.read_provisional(1).user_ids) == ["new-a", "new-b"]
        assert len(store.read_tokens()) == 60  # no token of theirs is given out before a retrain


def test_more_events_append_another_vector(own_home: Cli) -> None:
    arrive(own_home.home, "new-c")
    own_home.run("fold-in")
    with open_store(own_home.home) as store:
        before = store.read_provisional(1).only(["new-c"])
    arrive(own_home.home, "new-c", events=9)
    own_home.run("fold-in")
    with open_store(own_home.home) as store:
        after = store.read_provisional(1).only(["new-c"])
    assert (before.n_events.tolist(), after.n_events.tolist()) == ([3], [9])
    assert not np.array_equal(before.vectors, after.vectors)


def test_a_few_words_are_enough_until_there_are_interactions(own_home: Cli) -> None:
    told = own_home.run("fold-in", "--user", "kim", "--keywords", "deep random tree")
    assert "user 'kim' was folded into version 1 by 'deep random tree'" in told
    assert len(served(own_home, "kim")) == 5
    told = own_home.run("fold-in", "--user", "user-0001", "--keywords", "deep", code=1)
    assert "user 'user-0001' has interactions, which say more than words" in told
    assert "--keywords is empty" in own_home.run("fold-in", "--user", "kim", "--keywords", " ", code=1)
    assert "belong together" in own_home.run("fold-in", "--user", "kim", code=2)


def test_items_placed_afterwards_may_have_provisional_users_in_their_audiences(own_home: Cli) -> None:
    own_home.run("fold-in")
    add_items(own_home.home, later_1="The protein market of sound")
    readers = Source.of_table("events", {"user_id": ["new-a", "new-b"], "item_id": ["later-2"] * 2})
    with open_store(own_home.home) as store:
        store.import_dataset(Dataset("later", interactions=readers), create_unknown=True)
    own_home.run("place")
    with open_store(own_home.home) as store:
        provisional = set(store.read_provisional(1).user_ids)
        audience = store.read_audiences(1, ["later-1"])
        users, items = store.read_published(1)
    assert provisional < set(audience.user_ids)  # everybody: there are fewer than 100
    assert np.exp(audience.log_probabilities).sum() == pytest.approx(1, abs=1e-3)
    assert "later-2" in items.item_ids.tolist()  # placed by readers whom no training has seen
    assert not provisional & set(users.user_ids)


def test_a_placed_item_follows_its_interactions_and_only_real_ones_are_stored(own_home: Cli) -> None:
    add_items(own_home.home, later_3="A deep random tree")
    own_home.run("place")
    readers = [f"user-{at:04d}" for at in range(5)]
    events = Source.of_table("events", {"user_id": readers, "item_id": ["later-3"] * 5})
    with open_store(own_home.home) as store:
        _, before = store.read_published(1)
        store.import_dataset(Dataset("readers", interactions=events))
        assert store.items_to_warm_up(1).item_ids.tolist() == ["later-3"]
        interactions = store.counts()["interactions"]
    own_home.run("place")
    with open_store(own_home.home) as store:
        _, after = store.read_published(1)
        assert store.counts()["interactions"] == interactions  # no simulated one is among them
        assert len(store.items_to_warm_up(1)) == 0
        assert len(store.read_events(store.watermark()).item_keys) == interactions
    moved = (before.vectors != after.vectors).any(axis=1)
    assert before.item_ids[moved].tolist() == ["later-3"]  # type: ignore[index]
    assert np.asarray(after.kinds)[moved].tolist() == ["held_out"]
