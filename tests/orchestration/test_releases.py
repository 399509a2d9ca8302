"""Overruling the gate, going back and clearing away; the tests follow each other in one home."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.registry import Registry
from assets.resources import RegistryResource, StoreResource
from data.home import Home
from data.store.publication import PublicationLogEntry
from orchestration.alias_sensor import champion_alias
from orchestration.launch import run_job
from tests.assets.mlflow_worlds import World
from tests.orchestration.worlds import Cli, add_items, filled, open_store, publish_all, trained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A trained home of its own with a second version of the same data, which the gate refused."""
    before = dict(os.environ)
    cli = trained(tmp_path_factory.mktemp("releases"))
    told = cli.run("retrain", "--force")
    assert "version 2: refused: version 2 and version 1 were trained on the same snapshot" in told
    yield cli
    os.environ.clear()
    os.environ.update(before)


def log(cli: Cli) -> list[PublicationLogEntry]:
    with open_store(cli.home) as store:
        return store.publication_log()


def published(cli: Cli) -> tuple[int, int | None]:
    """The published version and the one a rollback leads to."""
    with open_store(cli.home) as store:
        current = store.current_publication()
    assert current is not None
    return current.version, current.previous_version


def decision(cli: Cli, version: int) -> str:
    return RegistryResource(home=str(cli.home.root)).open().version(version).decision


def champion(cli: Cli) -> int | None:
    found = RegistryResource(home=str(cli.home.root)).open().champion()
    return None if found is None else found.version


def waiting(cli: Cli, version: int) -> int:
    with open_store(cli.home) as store:
        return store.count_items_to_place(version)


def test_a_placement_publishes_nothing_past_the_gate(versions: Cli) -> None:
    """It is told before any work."""
    before = log(versions)
    told = versions.run("place", "--set", "distributions.version=2", code=1)
    assert "cold_item_distributions" in told
    assert "version 2 is not to be published (decision: refused) and has no vectors in the store" in told
    assert "`coldcast promote --force 2` publishes it" in told
    assert (published(versions), champion(versions), decision(versions, 2)) == ((1, None), 1, "refused")
    assert log(versions) == before


def test_a_forced_promotion_is_recorded(versions: Cli) -> None:
    told = versions.run("promote", "2", "--force", "--reason", "we like it")
    assert "version 2 is published (forced: we like it)" in told
    assert published(versions) == (2, 1)
    assert champion(versions) == 2
    assert decision(versions, 2) == "forced"
    entry = log(versions)[-1]
    assert (entry.action, entry.version, entry.previous_version) == ("publish", 2, 1)
    assert (entry.forced, entry.reason) == (True, "we like it")
    assert waiting(versions, 2) == 0


def test_a_rollback_is_one_switch_and_recorded(versions: Cli) -> None:
    entries = len(log(versions))
    told = versions.run("rollback", "--reason", "we do not")
    assert "version 1 is published again" in told
    assert published(versions) == (1, None)
    assert champion(versions) == 1
    assert (decision(versions, 2), decision(versions, 1)) == ("rolled back", "brought back")
    assert len(log(versions)) == entries + 1
    entry = log(versions)[-1]
    assert (entry.action, entry.version, entry.reason) == ("rollback", 1, "we do not")
    assert "has no predecessor" in versions.run("rollback", code=1)


def test_a_version_that_was_rolled_back_may_be_placed_with_and_stays_unpublished(versions: Cli) -> None:
    before = log(versions)
    versions.run("place", "--set", "distributions.version=2")
    assert log(versions) == before
    assert (champion(versions), decision(versions, 2)) == (1, "rolled back")


def test_items_that_came_in_between_are_placed_and_nothing_gets_lost(versions: Cli) -> None:
    """Forcing a version that was published before keeps what it placed then."""
    add_items(versions.home, late="A late title about cheese")
    versions.run("promote", "2", "--force")
    assert published(versions) == (2, 1)
    assert waiting(versions, 2) == 0
    with open_store(versions.home) as store:
        _, items = store.read_published(2)
        assert set(items.item_ids) == set(store.read_items().item_ids)


def test_settings_of_other_stations_do_not_disturb_a_promotion(versions: Cli) -> None:
    versions.home.config_file.write_text("bpr: {d: 8}\nfilterllm: {lora_rank: 4}\n")
    versions.run("promote", "1", "--force")
    assert published(versions) == (1, 2)
    versions.home.config_file.unlink()


def alias_tick(cli: Cli) -> dg.RunRequest | str:
    """Evaluate ``champion_alias``: its run request, or the sentence with which it skips."""
    resources = {"store": StoreResource(home=str(cli.home.root))}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        result = champion_alias(context)
    return result if isinstance(result, dg.RunRequest) else result.skip_message or ""


def test_an_alias_that_could_not_follow_is_repaired(versions: Cli) -> None:
    """By the status or by the sensor, whichever comes first; it has not agreed with this publication yet."""
    registry = RegistryResource(home=str(versions.home.root)).open()
    for look in (lambda: versions.run("status"), lambda: str(alias_tick(versions))):
        registry.set_champion(2)
        (versions.home.root / "champion.json").unlink()
        assert "version 1 is published, but champion is version 2; the" in look()
        assert champion(versions) == 1
        assert "follows the publication again" not in look()


def test_an_alias_that_a_killed_promotion_left_behind_follows_the_next_one(versions: Cli) -> None:
    """Struck between the transaction and the alias: the same command finds nothing to switch any more."""
    registry = RegistryResource(home=str(versions.home.root)).open()
    registry.set_champion(2)
    (versions.home.root / "champion.json").unlink()
    versions.run("promote", "1", "--force")
    assert champion(versions) == 1
    assert alias_tick(versions) == "champion is version 1, as published"


def test_a_rollback_of_a_killed_publication_stands(versions: Cli) -> None:
    """Struck between the transaction and the alias, version 2 is still marked as one to be published."""
    registry = RegistryResource(home=str(versions.home.root)).open()
    registry.accept(2, "it is better")
    with open_store(versions.home) as store:
        store.switch_publication(2, reason="it is better")
    versions.run("rollback")
    assert decision(versions, 2) == "rolled back"
    versions.run("place")
    assert (published(versions)[0], champion(versions)) == (1, 1)


def test_a_run_that_publishes_during_a_look_is_no_human(
    versions: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the store and the look at the alias a run switches the one and moves the other."""
    look: Callable[..., str | None] = Registry.difference

    def publishing(self: Registry, published_version: int) -> str | None:
        number = 3 - published_version
        with open_store(versions.home) as store:
            store.switch_publication(number, reason="a run")
        self.set_champion(number)
        return look(self, published_version)

    assert alias_tick(versions) == "champion is version 1, as published"
    monkeypatch.setattr(Registry, "difference", publishing)
    told = alias_tick(versions)
    monkeypatch.undo()
    assert told == "a run has just published another version than 1"
    assert (champion(versions), decision(versions, 2)) == (2, "rolled back")
    assert alias_tick(versions) == "champion is version 2, as published"
    monkeypatch.setattr(Registry, "difference", publishing)
    assert "a run has published just now" in versions.run("status")
    monkeypatch.undo()
    assert champion(versions) == 1
    assert published(versions) == (1, 2)


def test_a_human_who_moves_the_alias_is_honoured(versions: Cli) -> None:
    registry = RegistryResource(home=str(versions.home.root)).open()
    assert alias_tick(versions) == "champion is version 1, as published"
    registry.set_champion(2)
    told = versions.run("status")
    assert "version 1 is published, but champion is version 2, moved by hand; the daemon" in told
    assert champion(versions) == 2  # left as it is
    request = alias_tick(versions)
    assert isinstance(request, dg.RunRequest)
    run_job(versions.home, "place_cold_items", run_config=request.run_config, tags=request.tags)
    assert published(versions) == (2, 1)
    assert champion(versions) == 2
    entry = log(versions)[-1]
    assert (entry.forced, entry.reason) == (True, "the champion alias was moved in MLflow")
    assert waiting(versions, 2) == 0
    assert alias_tick(versions) == "champion is version 2, as published"
    previous = registry.previous()
    assert previous is not None
    assert previous.version == 1
    versions.run("rollback")
    assert published(versions)[0] == 1
    assert champion(versions) == 1


def test_a_version_that_cannot_be_served_is_refused_with_its_reason(versions: Cli) -> None:
    registry = RegistryResource(home=str(versions.home.root)).open()
    assert "as published" in str(alias_tick(versions))
    users = registry.download(2, cache=versions.home.root).users
    whole = users.read_bytes()
    users.write_bytes(whole[:-1])
    registry.set_champion(2)
    told = str(alias_tick(versions))
    assert "moved by hand; refused, the alias is back: the files of version 2" in told
    assert champion(versions) == 1
    assert decision(versions, 2) == "refused"
    assert "restore them" in registry.version(2).reason
    users.write_bytes(whole)
    versions.run("promote", "2", "--force")
    versions.run("promote", "1", "--force")
    assert published(versions) == (1, 2)


def test_a_held_version_waits_for_a_human_and_is_released(versions: Cli) -> None:
    registry = RegistryResource(home=str(versions.home.root)).open()
    registry.hold(2, "a human has to decide: light users lose.")
    assert "held version 2: a human has to decide: light users lose. `coldcast promote 2`" in versions.run(
        "status"
    )
    assert "version 1 does not wait for a human" in versions.run("promote", "1", code=1)
    told = versions.run("promote", "2", "--reason", "they are few")
    assert "version 2 is published (released: they are few)" in told
    assert (log(versions)[-1].forced, log(versions)[-1].reason) == (False, "they are few")
    assert "held" not in versions.run("status")
    versions.run("promote", "1", "--force")
    assert published(versions) == (1, 2)


def test_the_switch_of_a_rollback_takes_under_two_seconds(versions: Cli) -> None:
    told = versions.run("rollback")
    found = re.search(r"the switch took ([\d.]+) s: transaction ([\d.]+) s, alias ([\d.]+) s", told)
    assert found is not None, told
    assert float(found[1]) < 2
    versions.run("promote", "1", "--force")
    assert published(versions) == (1, 2)


def test_an_unknown_version_is_refused_and_changes_nothing(versions: Cli) -> None:
    before = published(versions), log(versions)
    assert "99" in versions.run("promote", "99", "--force", code=1)
    assert (published(versions), log(versions)) == before


def test_pruning_keeps_what_is_published_and_what_came_before(versions: Cli) -> None:
    versions.run("retrain", "--force")
    assert published(versions) == (1, 2)
    told = versions.run("prune", "--keep", "1")
    assert "deleted 0 registered versions" in told  # 3 is the newest, 1 is published, 2 came before it
    with open_store(versions.home) as store:
        assert [row.version for row in store.model_versions()] == [1, 2]
    versions.run("promote", "3", "--force")
    assert published(versions) == (3, 1)
    told = versions.run("prune", "--keep", "1")
    registry = RegistryResource(home=str(versions.home.root)).open()
    assert [one.version for one in registry.versions()] == [3, 1]
    with open_store(versions.home) as store:
        assert [row.version for row in store.model_versions()] == [1, 3]
        keys = [row.key for row in store.snapshots()]
    kept = {path.name for path in (versions.home.artifacts / "bpr_embeddings").iterdir()}
    assert kept == {keys[0], keys[2]}  # of versions 1 and 3
    versions.run("rollback")
    assert published(versions)[0] == 1


def test_pruning_keeps_the_model_of_every_version_that_can_come_back(home: Home, tmp_path: Path) -> None:
    """Most versions are refused, so the newest registered ones are not those that were published last."""
    filled(home)
    registry = RegistryResource(home=str(home.root)).open()
    for number in range(1, 7):
        World(registry, tmp_path).enter(f"run-{number}")
    for number in (1, 2, 3):
        publish_all(home, number)
    Cli(home).run("prune", "--keep", "3")
    with open_store(home) as store:
        assert [row.version for row in store.model_versions()] == [1, 2, 3]
    assert [one.version for one in registry.versions()] == [6, 5, 4, 3, 2, 1]
    Cli(home).run("prune", "--keep", "1")
    assert [one.version for one in registry.versions()] == [6, 3, 2]
    assert "version 2 is published again" in Cli(home).run("rollback")


def test_copies_of_deleted_versions_are_deleted_too(home: Home, tmp_path: Path) -> None:
    resource = RegistryResource(home=str(home.root))
    World(resource.open(), tmp_path).enter("a")
    (known,) = resource.open().versions()
    for name in (known.model_id, "m-deleted", "incoming-now"):
        (resource.cache() / name).mkdir(parents=True)
    Cli(home).run("prune", "--keep", "1")
    assert {path.name for path in resource.cache().iterdir()} == {known.model_id, "incoming-now"}


def test_a_published_version_that_mlflow_does_not_know_is_told_with_everything_else(home: Home) -> None:
    """As after a change of COLDCAST_MLFLOW_URL, or the loss of MLflow's database."""
    filled(home)
    publish_all(home)
    told = Cli(home).run("status")
    assert "published version 1 since" in told
    assert "champion alias unknown: version 1 of model coldcast does not exist; registered: none" in told
    assert "items waiting 0" in told
    assert "the champion alias is unknown: version 1 of model" in str(alias_tick(Cli(home)))
