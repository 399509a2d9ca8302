"""The switch: one transaction, then the alias; a version that was published before keeps what it placed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.item_distributions import ItemDistributions, distributions_of
from assets.model_version import ModelVersion
from assets.placed_items import PlacedItems, place_waiting
from assets.publishing import Published, publish, stored_version
from assets.registry import OVERRULED, RegisteredVersion, Registry, RegistryUnavailable
from assets.registry_errors import NotDue
from assets.version_in_force import version_in_force
from assets.waiting_items import waiting_items, with_readers
from data.store.store import Store
from models.coldstart.config import ColdUpdateConfig
from tests.assets.mlflow_worlds import World
from tests.assets.versions import ITEMS, TEXTS, USERS, version
from tests.data.store.worlds import dataset

pytestmark = pytest.mark.slow  # MLflow takes seconds to start

CONFIG = ColdUpdateConfig(users_per_item=2, steps=2)


class LosesTheAlias(Registry):
    """A registry that goes away just when the alias should move."""

    def promote(self, version: int, reason: str, *, decision: str = "promoted") -> RegisteredVersion:
        raise RegistryUnavailable("MLflow at nowhere did not answer")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as opened:
        events = [("ann", "w0", 1, 1.0), ("bob", "v0", 2, 1.0)]
        opened.import_dataset(dataset(USERS, dict(zip(ITEMS, TEXTS, strict=True)), events))
        yield opened


def work(store: Store, model: ModelVersion) -> tuple[PlacedItems, ItemDistributions]:
    """Place whatever waits for a version."""
    waiting = waiting_items(store, model.version, warm_items=model.warm_items)
    answers = distributions_of(model, waiting, k=2, report=lambda *_: None)
    return place_waiting(model, with_readers(waiting, store, model.users), answers, CONFIG), answers


def model_of(registry: Registry, number: int) -> ModelVersion:
    """A registered version, as it is loaded."""
    return replace(version(number), snapshot_key=registry.version(number).snapshot_key)


def publish_now(store: Store, registry: Registry, number: int) -> Published:
    model = model_of(registry, number)
    placed, answers = work(store, model)
    return publish(store, registry, model, placed=placed, answers=answers)


def published(store: Store) -> int:
    current = store.current_publication()
    assert current is not None
    return current.version


def kinds(store: Store, number: int) -> dict[str, str]:
    _, items = store.read_published(number)
    return dict(zip(items.item_ids.tolist(), items.kinds, strict=True))


def accepted(world: World, run: str) -> int:
    number = world.enter(run)
    world.registry.accept(number, f"{run} is better")
    return number


def test_everything_is_published_at_once_and_the_alias_follows(store: Store, world: World) -> None:
    number = accepted(world, "a")
    assert version_in_force(world.registry, store) == number
    outcome = publish_now(store, world.registry, number)
    assert outcome == Published(number, switched=True, items_added=5, warning="")
    warm = dict.fromkeys(["w0", "w1", "w2"], "warm")
    assert kinds(store, number) == {
        **warm,
        "v0": "held_out",
        **dict.fromkeys(["v1", "t0", "t1", "n0"], "cold"),
    }
    audiences = store.read_audiences(number)
    assert set(audiences.item_ids) == {"v0", "v1", "t0", "t1", "n0"}
    champion = world.registry.champion()
    assert champion is not None
    assert (champion.version, champion.decision, champion.reason) == (number, "promoted", "a is better")
    assert world.registry.accepted() is None
    assert [(entry.version, entry.reason, entry.forced) for entry in store.publication_log()] == [
        (number, "a is better", False)
    ]


def test_new_items_join_the_published_version_without_a_switch(store: Store, world: World) -> None:
    number = accepted(world, "a")
    publish_now(store, world.registry, number)
    store.import_dataset(dataset(items={"late": "A late title"}))
    outcome = publish_now(store, world.registry, number)
    assert outcome == Published(number, switched=False, items_added=1, warning="")
    assert kinds(store, number)["late"] == "cold"
    assert len(store.publication_log()) == 1


def test_events_between_placing_and_publishing_are_news_to_the_item(store: Store, world: World) -> None:
    number = accepted(world, "a")
    model = model_of(world.registry, number)
    placed, answers = work(store, model)
    store.import_dataset(dataset(events=[("ann", "n0", 3, 1.0), ("bob", "n0", 4, 1.0)]))
    publish(store, world.registry, model, placed=placed, answers=answers)
    assert store.items_to_warm_up(number).item_ids.tolist() == ["n0"]


def test_a_lost_alias_leaves_the_publication_and_is_repaired_later(store: Store, world: World) -> None:
    number = accepted(world, "a")
    lossy = LosesTheAlias(**vars_of(world.registry))
    outcome = publish_now(store, lossy, number)
    assert outcome.switched
    assert "but the alias could not follow: MLflow at nowhere did not answer" in outcome.warning
    current = store.current_publication()
    assert current is not None
    assert current.version == number
    assert world.registry.champion() is None
    assert version_in_force(world.registry, store) == number
    assert world.registry.repair(number) == f"version {number} is published, but no version is champion"
    champion = world.registry.champion()
    assert champion is not None
    assert champion.version == number
    assert world.registry.accepted() is None


def vars_of(registry: Registry) -> dict[str, object]:
    names = ("tracking_uri", "artifact_root", "experiment", "model_name", "retry_seconds")
    return {name: getattr(registry, name) for name in names}


def test_a_failing_database_changes_nothing(store: Store, world: World) -> None:
    first = accepted(world, "a")
    publish_now(store, world.registry, first)
    second = accepted(world, "b")
    model = model_of(world.registry, second)
    placed, answers = work(store, model)
    answers.user_ids[int(answers.top.users[-1, -1])] = "nobody"  # the last row written names an unknown user
    with pytest.raises(KeyError, match="nobody"):
        publish(store, world.registry, model, placed=placed, answers=answers)
    current = store.current_publication()
    assert current is not None
    assert current.version == first
    assert [row.version for row in store.model_versions()] == [first]
    champion = world.registry.champion()
    assert champion is not None
    assert champion.version == first


def test_an_overruled_gate_is_recorded_as_forced(store: Store, world: World) -> None:
    number = world.enter("a")
    world.registry.accept(number, "because", decision=OVERRULED)
    publish_now(store, world.registry, number)
    assert [entry.forced for entry in store.publication_log()] == [True]
    assert world.registry.version(number).decision == "forced"


def test_a_version_published_before_keeps_what_it_placed_then(store: Store, world: World) -> None:
    first = accepted(world, "a")
    publish_now(store, world.registry, first)
    before = store.read_published(first)[1]
    second = accepted(world, "b")
    publish_now(store, world.registry, second)
    store.import_dataset(dataset(items={"late": "A late title"}))
    world.registry.accept(first, "it was better after all", decision=OVERRULED)
    outcome = publish_now(store, world.registry, first)
    assert (outcome.switched, outcome.items_added) == (True, 1)
    after = store.read_published(first)[1]
    assert set(after.item_ids) == {*before.item_ids, "late"}
    kept = np.isin(after.item_ids, before.item_ids)
    assert np.array_equal(after.vectors[kept], before.vectors)
    current = store.current_publication()
    assert current is not None
    assert (current.version, current.previous_version) == (first, second)


def test_a_rollback_stands_when_a_placement_was_in_flight(store: Store, world: World) -> None:
    """The placement began with the version that was published then, and ends after the rollback."""
    first = accepted(world, "a")
    publish_now(store, world.registry, first)
    second = accepted(world, "b")
    publish_now(store, world.registry, second)
    store.import_dataset(dataset(items={"late": "A late title"}))
    model = model_of(world.registry, second)
    placed, answers = work(store, model)
    store.rollback_publication(reason="angry users")
    world.registry.follow_rollback(first, "angry users", left=second)
    outcome = publish(store, world.registry, model, placed=placed, answers=answers)
    assert (outcome.switched, outcome.items_added) == (False, 1)
    assert outcome.warning == (
        f"version {first} stays published; items were added to version {second}, which is not to be published "
        "(decision: rolled back)"
    )
    assert published(store) == first
    assert kinds(store, second)["late"] == "cold"
    champion = world.registry.champion()
    assert champion is not None
    assert (champion.version, champion.decision) == (first, "brought back")
    assert world.registry.version(second).decision == "rolled back"


def test_accepting_what_is_published_leaves_no_mark_that_publishes_it_again(
    store: Store, world: World
) -> None:
    first = accepted(world, "a")
    publish_now(store, world.registry, first)
    world.registry.accept(first, "we like it", decision=OVERRULED)
    outcome = publish_now(store, world.registry, first)
    assert (outcome.switched, outcome.warning) == (False, "")
    decided = world.registry.version(first)
    assert (decided.decision, decided.reason) == ("forced", "we like it")
    second = accepted(world, "b")
    publish_now(store, world.registry, second)
    assert version_in_force(world.registry, store) == second
    assert len(store.publication_log()) == 2


def test_a_rollback_of_a_publication_without_its_alias_is_not_undone_later(
    store: Store, world: World
) -> None:
    """The alias was lost or the run killed after the transaction, so the version left still has its mark."""
    first = accepted(world, "a")
    publish_now(store, world.registry, first)
    second = accepted(world, "b")
    publish_now(store, LosesTheAlias(**vars_of(world.registry)), second)
    store.rollback_publication(reason="angry users")
    world.registry.follow_rollback(first, "angry users", left=second)
    assert world.registry.difference(first) is None
    assert world.registry.version(second).decision == "rolled back"
    assert version_in_force(world.registry, store) == first


def test_a_refused_version_is_not_published_past_the_gate(store: Store, world: World) -> None:
    first, second = accepted(world, "a"), world.enter("b")
    publish_now(store, world.registry, first)
    world.registry.refuse(second, "no better")
    with pytest.raises(
        NotDue,
        match=rf"version {second} is not to be published \(decision: refused\) and has no vectors.*; "
        rf"`coldcast promote --force {second}` publishes it",
    ):
        publish_now(store, world.registry, second)
    assert published(store) == first
    assert [row.version for row in store.model_versions()] == [first]
    assert world.registry.version(second).decision == "refused"


def test_before_the_first_promotion_no_version_is_in_force(store: Store, world: World) -> None:
    assert version_in_force(world.registry, store) is None
    world.enter("a")
    assert version_in_force(world.registry, store) is None


def test_a_number_that_another_mlflow_gave_out_before_is_another_version(store: Store, world: World) -> None:
    """As after a change of COLDCAST_MLFLOW_URL: its vectors lie in another space, where nothing may join them."""
    other = replace(version(1), snapshot_key="of another MLflow")
    other.space.users[:] *= 2
    placed, answers = work(store, other)
    store.publish(stored_version(store, other, placed=placed, answers=answers), reason="there")
    store.import_dataset(dataset(items={"late": "A late title"}))
    number = world.enter("a")
    assert number == 1
    with pytest.raises(NotDue, match=r"version 1 is not to be published .* `coldcast promote --force 1`"):
        publish_now(store, world.registry, number)
    assert "late" not in kinds(store, 1)
    world.registry.accept(number, "here", decision=OVERRULED)
    publish_now(store, world.registry, number)
    users, _ = store.read_published(1)
    assert np.array_equal(users.vectors, version(1).space.users)
    assert [row.snapshot_key for row in store.model_versions()] == ["snapshot-a"]
