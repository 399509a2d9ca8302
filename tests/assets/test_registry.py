"""Versions and aliases: who is challenger, champion and previous, whatever happens in between."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.registry import OVERRULED, DamagedVersion, Registry, RegistryUnavailable, UnknownVersion
from assets.versions import FILES_DIGEST, MODEL_ID, Versions
from tests.assets.mlflow_worlds import World
from tests.assets.test_mlflow_home import closed_port

pytestmark = pytest.mark.slow


def aliases(world: World) -> dict[str, int]:
    return {alias: one.version for one in world.registry.versions() for alias in one.aliases}


@pytest.fixture
def three(world: World) -> World:
    """Versions 1, 2, 3 without files; 3 is challenger."""
    for number in (1, 2, 3):
        world.enter(f"dagster-{number}")
    return world


def failing(monkeypatch: pytest.MonkeyPatch, *, at: int) -> None:
    """Let the registry disappear when the ``at``-th alias is about to move."""
    point: Callable[..., None] = Versions.point
    moves: list[str] = []

    def breaking(self: Versions, alias: str, version: int) -> None:
        moves.append(alias)
        if len(moves) == at:
            raise RegistryUnavailable("gone")
        point(self, alias, version)

    monkeypatch.setattr(Versions, "point", breaking)


def test_an_empty_registry_has_no_versions(world: World) -> None:
    registry = world.registry
    assert registry.versions() == []
    assert registry.champion() is None
    assert registry.difference(None) is None
    assert registry.prune(0) == []
    with pytest.raises(UnknownVersion, match=r"version 1 of model .* does not exist; registered: none"):
        registry.version(1)


def test_a_registration_is_the_challenger_and_knows_where_it_comes_from(world: World) -> None:
    made = world.register("dagster-1", metrics={"cold/ndcg@20": 0.25})
    assert (made.version, made.aliases) == (1, ("challenger",))
    assert (made.snapshot_key, made.content_hash) == ("snapshot-dagster-1", "hash-dagster-1")
    assert made.dagster_run_id == "dagster-1"
    assert made.run_id == world.registry.tracking.retrain_run("snapshot-dagster-1", "dagster-1").run_id
    assert world.registry.champion() is None


def test_metrics_belong_to_the_model_and_to_its_run(world: World) -> None:
    from mlflow import MlflowClient

    made = world.register("dagster-1", metrics={"cold/ndcg@20": 0.25, "cold/recall@20": 0.5})
    client = MlflowClient(world.registry.tracking_uri, world.registry.tracking_uri)
    logged = client.get_logged_model(made.model_id)
    assert {metric.key: metric.value for metric in logged.metrics or []} == {
        "cold/ndcg_at_20": 0.25,
        "cold/recall_at_20": 0.5,
    }
    assert client.get_run(made.run_id).data.metrics["cold/ndcg_at_20"] == 0.25
    assert logged.status == "READY"


def test_registering_again_in_the_same_run_continues(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, at=1)
    with pytest.raises(RegistryUnavailable):
        world.register("dagster-1", metrics={"ndcg": 0.1})
    monkeypatch.undo()
    assert aliases(world) == {}
    assert world.register("dagster-1", metrics={"ndcg": 0.1}).version == 1
    assert world.register("dagster-1", metrics={"ndcg": 0.1}).aliases == ("challenger",)
    assert len(world.registry.versions()) == 1


def test_a_registration_cut_short_leaves_no_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        import mlflow.pyfunc

    def full_disk(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mlflow.pyfunc, "save_model", full_disk)
    with pytest.raises(OSError, match="No space left"):
        world.register("dagster-1")
    monkeypatch.undo()
    assert world.registry.versions() == []
    assert world.register("dagster-1").version == 1


@pytest.mark.parametrize("call", ["create_model_version", "set_logged_model_tags"])
def test_a_registration_whose_answer_is_lost_makes_one_version(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    from mlflow import MlflowClient

    really: Callable[..., Any] = getattr(MlflowClient, call)
    asked: list[str] = []

    def answer_lost(self: MlflowClient, *arguments: Any, **named: Any) -> Any:
        found = really(self, *arguments, **named)
        asked.append(call)
        if len(asked) == 1:
            raise ConnectionError("the answer was lost")
        return found

    monkeypatch.setattr(MlflowClient, call, answer_lost)
    made = world.register("dagster-1")
    monkeypatch.undo()
    assert asked
    assert [one.version for one in world.registry.versions()] == [made.version]
    client = MlflowClient(world.registry.tracking_uri, world.registry.tracking_uri)
    link = client.get_logged_model(made.model_id).tags["mlflow.modelVersions"]
    assert json.loads(link) == [{"name": world.registry.model_name, "version": "1"}]


def test_missing_directories_and_users_are_refused(world: World, tmp_path: Path) -> None:
    made = world.register("dagster-1")
    lineage: Any = made  # read only for its dagster_run_id here
    present = tmp_path / "present"
    present.mkdir()
    other = Registry(world.registry.tracking_uri, None, "other", "other")
    arguments: dict[str, Any] = {"lineage": lineage, "metrics": {}}
    with pytest.raises(NotADirectoryError, match=r"checkpoint must be an existing directory, got .*nowhere"):
        other.register(tmp_path / "nowhere", present, user_ids=["a"], **arguments)
    with pytest.raises(NotADirectoryError, match=r"space must be an existing directory, got .*nowhere"):
        other.register(present, tmp_path / "nowhere", user_ids=["a"], **arguments)
    with pytest.raises(ValueError, match="user_ids must name at least one user"):
        other.register(present, present, user_ids=[], **arguments)


def test_promotion_moves_champion_and_remembers_the_one_before(three: World) -> None:
    first = three.registry.promote(1, "better than TF-IDF")
    assert (first.decision, first.reason, first.replaced) == ("promoted", "better than TF-IDF", None)
    assert aliases(three) == {"challenger": 3, "champion": 1}
    second = three.registry.promote(3, "by hand", decision="forced")
    assert (second.decision, second.replaced) == ("forced", 1)
    assert aliases(three) == {"challenger": 3, "champion": 3, "previous": 1}
    assert three.registry.champion() == second


def test_promoting_twice_changes_nothing(three: World) -> None:
    three.registry.promote(1, "first")
    three.registry.promote(2, "second")
    three.registry.promote(2, "second again")
    assert aliases(three) == {"challenger": 3, "champion": 2, "previous": 1}
    assert three.registry.version(2).reason == "second again"


def test_previous_is_written_before_champion(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    three.registry.promote(1, "first")
    failing(monkeypatch, at=2)
    with pytest.raises(RegistryUnavailable):
        three.registry.promote(2, "second")
    monkeypatch.undo()
    assert aliases(three) == {"challenger": 3, "champion": 1, "previous": 1}  # still readable, still the old
    three.registry.promote(2, "second")
    assert aliases(three) == {"challenger": 3, "champion": 2, "previous": 1}


def test_a_refusal_is_kept_and_moves_nothing(three: World) -> None:
    three.registry.promote(1, "first")
    refused = three.registry.refuse(3, "the lower end is -3.1 %")
    assert (refused.decision, refused.reason) == ("refused", "the lower end is -3.1 %")
    assert aliases(three) == {"challenger": 3, "champion": 1}


def test_an_accepted_version_waits_until_it_is_champion(three: World) -> None:
    registry = three.registry
    assert registry.accepted() is None
    registry.accept(2, "passed the gate")
    waiting = registry.accepted()
    assert waiting is not None
    assert (waiting.version, waiting.decision, waiting.aliases) == (2, "accepted", ())
    registry.promote(2, "published")
    assert registry.accepted() is None


def test_at_most_one_accepted_version_waits(three: World) -> None:
    registry = three.registry
    registry.accept(1, "passed the gate, then the publication failed")
    registry.accept(3, "passed the gate")
    assert registry.version(1).decision == "superseded"
    registry.accept(2, "by hand", decision=OVERRULED)
    registry.promote(3, "published all the same")
    assert registry.version(2).reason == "version 3 took its place"
    assert registry.accepted() is None


def test_a_held_version_gives_way_to_a_later_one_that_takes_office(three: World) -> None:
    """It was compared with the champion of then; a human who wants it all the same overrules."""
    registry = three.registry
    for version in (1, 3):
        registry.hold(version, "a human has to decide")
    registry.promote(2, "better")
    assert (registry.version(1).decision, registry.version(1).reason) == (
        "superseded",
        "version 2 took its place",
    )
    assert [one.version for one in registry.held()] == [3]


def test_a_champion_with_the_mark_does_not_wait_again_when_the_alias_leaves_it(three: World) -> None:
    registry = three.registry
    registry.accept(2, "passed the gate")
    registry.set_champion(2)  # by hand, before it was published
    registry.promote(3, "published meanwhile")
    assert (registry.version(2).decision, registry.accepted()) == ("superseded", None)


def test_a_rollback_marks_what_was_left_and_goes_back_step_by_step(three: World) -> None:
    registry = three.registry
    for version in (1, 2, 3):
        registry.promote(version, "better")
    registry.follow_rollback(2, "angry users", left=3)
    assert registry.version(3).decision == "rolled back"
    assert (registry.version(2).decision, registry.version(2).reason) == ("brought back", "angry users")
    assert aliases(three) == {"challenger": 3, "champion": 2, "previous": 1}
    registry.follow_rollback(1, "still angry", left=2)
    assert aliases(three) == {"challenger": 3, "champion": 1}


def test_a_rollback_takes_the_mark_wherever_the_alias_is(three: World) -> None:
    registry = three.registry
    registry.promote(1, "first")
    registry.accept(2, "published, then killed before the alias")
    registry.follow_rollback(1, "angry users", left=2)
    assert (registry.version(2).decision, registry.accepted()) == ("rolled back", None)
    registry.set_champion(3)
    registry.honour(3, 1, "moved by hand")
    registry.follow_rollback(1, "angry users", left=2)
    assert (registry.version(3).decision, registry.accepted()) == ("rolled back", None)
    assert aliases(three) == {"challenger": 3, "champion": 1}


def test_a_repair_cut_short_leaves_no_mark_behind(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = three.registry
    registry.promote(1, "first")
    registry.accept(2, "published, then killed before the alias")
    failing(monkeypatch, at=1)
    with pytest.raises(RegistryUnavailable):
        registry.repair(2)
    monkeypatch.undo()
    assert (registry.version(2).decision, registry.accepted()) == ("repaired", None)
    assert registry.repair(2) == "version 2 is published, but champion is version 1"


def test_a_rollback_cut_short_keeps_a_champion(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (1, 2, 3):
        three.registry.promote(version, "better")
    failing(monkeypatch, at=2)
    with pytest.raises(RegistryUnavailable):
        three.registry.follow_rollback(2, "angry users", left=3)
    monkeypatch.undo()
    champion = three.registry.champion()
    assert champion is not None
    assert champion.version == 2


def test_unknown_versions_are_refused_by_number(three: World) -> None:
    for act in (three.registry.promote, three.registry.refuse):
        with pytest.raises(
            UnknownVersion, match=r"version 9 of model .* does not exist; registered: 3, 2, 1"
        ):
            act(9, "because")
    with pytest.raises(UnknownVersion, match="version 9"):
        three.registry.repair(9)
    with pytest.raises(UnknownVersion, match="version 9"):
        three.registry.follow_rollback(9, "because", left=3)
    assert aliases(three) == {"challenger": 3}


def test_the_alias_follows_the_published_version(three: World) -> None:
    registry = three.registry
    assert registry.difference(2) == "version 2 is published, but no version is champion"
    registry.promote(1, "first")
    assert registry.difference(None) == "champion is version 1, but nothing is published yet"
    assert registry.difference(1) is None
    assert registry.repair(1) is None
    registry.promote(2, "promoted, then the publication failed")
    assert registry.difference(1) == "version 1 is published, but champion is version 2"
    assert registry.repair(1) == "version 1 is published, but champion is version 2"
    assert registry.difference(1) is None
    assert aliases(three) == {"challenger": 3, "champion": 1}
    assert registry.version(1).decision == "repaired"


def test_prune_keeps_the_newest_the_named_and_the_protected(three: World) -> None:
    for number in (4, 5, 6):
        three.enter(f"dagster-{number}")
    three.registry.promote(2, "better")
    assert three.registry.prune(2, protect={1}) == [4, 3]
    assert [one.version for one in three.registry.versions()] == [6, 5, 2, 1]
    assert aliases(three) == {"challenger": 6, "champion": 2}
    assert three.registry.prune(0) == [5, 1]
    with pytest.raises(ValueError, match="keep must be at least 0, got -1"):
        three.registry.prune(-1)
    three.registry.promote(6, "better")
    assert three.registry.prune(0) == []  # champion and previous


def test_prune_keeps_a_version_that_is_to_be_published(three: World) -> None:
    three.registry.promote(1, "better")
    three.registry.accept(2, "better")
    assert three.registry.prune(0) == []  # champion, to be published, challenger
    three.registry.promote(2, "better")
    three.registry.promote(3, "better")
    assert three.registry.prune(0) == [1]


def test_pruning_frees_the_disk_and_never_reuses_a_number(world: World) -> None:
    first, second = world.register("dagster-1"), world.register("dagster-2")
    assert world.registry.prune(1) == [1]
    models = world.folder / "artifacts" / "models"
    assert not (models / first.model_id / "artifacts").exists()
    assert world.registry.download(second.version, cache=world.folder / "cache").users.exists()
    assert world.register("dagster-3").version == 3


def test_files_that_two_versions_share_stay_while_one_of_them_is_kept(world: World) -> None:
    first = world.register("dagster-1")
    twice = world.registry.home.insist(  # as a repeated request, or an older coldcast, left them
        lambda client: client.create_model_version(
            world.registry.model_name,
            first.location,
            run_id=first.run_id,
            tags={MODEL_ID: first.model_id, FILES_DIGEST: first.files_digest},
            model_id=first.model_id,
        ),
        "registering twice",
    )
    assert world.registry.prune(1) == []  # challenger
    world.enter("dagster-2")
    assert world.registry.prune(1, protect={int(twice.version)}) == [first.version]
    assert world.registry.download(int(twice.version), cache=world.folder / "cache").users.exists()


def test_after_a_rollback_a_pruned_version_is_no_previous(three: World) -> None:
    for version in (1, 2, 3):
        three.registry.promote(version, "better")
    assert three.registry.prune(0) == [1]
    three.registry.follow_rollback(2, "angry users", left=3)
    assert aliases(three) == {"challenger": 3, "champion": 2}


def test_downloaded_files_are_the_registered_ones(world: World) -> None:
    made = world.register("dagster-1")
    files = world.registry.download(made.version, cache=world.folder / "cache")
    assert files.user_ids() == ["ann", "bob"]
    assert (files.checkpoint / "content.json").read_text() == '{"word": "dagster-1"}'
    assert (files.space / "content.json").exists()


def test_damaged_files_are_refused_by_name(world: World) -> None:
    made = world.register("dagster-1")
    files = world.registry.download(made.version, cache=world.folder / "cache")
    (files.checkpoint / "content.json").write_text("{}")
    with pytest.raises(DamagedVersion, match=rf"the files of version 1 in .*{made.model_id}.* have digest"):
        world.registry.download(made.version, cache=world.folder / "cache")
    shutil.rmtree(files.space)
    with pytest.raises(DamagedVersion, match=r"the registered model lost .*space; restore"):
        world.registry.download(made.version, cache=world.folder / "cache")


def test_two_registries_do_not_see_each_other(three: World) -> None:
    other = Registry(three.registry.tracking_uri, None, "elsewhere", "elsewhere")
    assert other.versions() == []


def test_nothing_is_contacted_before_a_method_is_called() -> None:
    registry = Registry(f"http://127.0.0.1:{closed_port()}", retry_seconds=0.3)
    assert registry.tracking is registry.tracking
    with pytest.raises(RegistryUnavailable, match=r"while reading aliases"):
        registry.versions()


def test_refusals_in_a_row_are_those_since_a_version_came_into_office(three: World) -> None:
    registry = three.registry
    assert registry.refused_in_a_row() == 0
    registry.refuse(1, "worse")
    assert registry.refused_in_a_row() == 1
    registry.promote(2, "better")
    assert registry.refused_in_a_row() == 0  # version 3 is not judged yet
    registry.hold(3, "worse on a slice")
    assert registry.refused_in_a_row() == 1
