"""What has ended in Dagster is ended in MLflow by whoever comes next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from assets.dead_runs import KILLED_TAG
from assets.ended_runs import end_in_mlflow
from assets.registry import Registry
from assets.registry_errors import RegistryUnavailable
from assets.resources import RegistryResource
from assets.tracking import KIND, PARENT
from tests.assets.mlflow_worlds import World

pytestmark = pytest.mark.slow  # MLflow takes seconds to start

STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
SUCCESS, CANCELED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def resource(world: World, monkeypatch: pytest.MonkeyPatch) -> RegistryResource:
    """A home's registry, which is the world's."""
    monkeypatch.setattr(RegistryResource, "open", lambda self, **_: world.registry)
    return RegistryResource()


def enter(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> str:
    run = dg.DagsterRun(job_name="retrain", run_id=str(uuid4()), status=status, tags=tags)
    return instance.add_run(run).run_id


def begin(world: World, dagster_run: str, *, inside: bool = True) -> None:
    """Leave behind what a process leaves that dies inside a station, or between two of them."""
    tracking = world.registry.tracking
    parent = tracking.retrain_run("snapshot", dagster_run)
    with tracking.station(parent, "interaction_snapshot"):
        pass
    if inside:
        tracking._create("bpr_embeddings", {PARENT: parent.run_id, KIND: "station"})


def states(world: World, dagster_run: str) -> list[str]:
    """The states of the retrain's run and of its stations, in order of their beginning."""
    home = world.registry.home

    def search(client: Any) -> Any:
        return client.search_runs([home.experiment_id], order_by=["attributes.start_time ASC"])

    runs = home.insist(search, "searching")
    (top,) = [run.info.run_id for run in runs if run.data.tags.get("dagster.run_id") == dagster_run]
    return [run.info.status for run in runs if top in (run.info.run_id, run.data.tags.get(PARENT))]


def test_a_killed_retrain_is_killed_in_mlflow_with_its_station(
    world: World, instance: dg.DagsterInstance, resource: RegistryResource
) -> None:
    dead = enter(instance, FAILURE, **{KILLED_TAG: "true"})
    begin(world, dead)
    assert states(world, dead) == ["RUNNING", "FINISHED", "RUNNING"]
    assert end_in_mlflow(instance, resource) == {dead: "KILLED"}
    assert states(world, dead) == ["KILLED", "FINISHED", "KILLED"]
    assert end_in_mlflow(instance, resource) == {}


@pytest.mark.parametrize(
    ("status", "end"), [(FAILURE, "FAILED"), (CANCELED, "KILLED"), (SUCCESS, "FINISHED")]
)
def test_a_run_that_ended_between_two_stations_ends_as_it_did_in_dagster(
    world: World,
    instance: dg.DagsterInstance,
    resource: RegistryResource,
    status: dg.DagsterRunStatus,
    end: str,
) -> None:
    stopped = enter(instance, status)
    begin(world, stopped, inside=False)
    end_in_mlflow(instance, resource)
    assert states(world, stopped) == [end, "FINISHED"]


def test_a_station_is_ended_whose_parent_had_already_ended(
    world: World, instance: dg.DagsterInstance, resource: RegistryResource
) -> None:
    dead = enter(instance, FAILURE, **{KILLED_TAG: "true"})
    begin(world, dead)
    world.registry.tracking.finish(world.registry.tracking.retrain_run("snapshot", dead))
    end_in_mlflow(instance, resource)
    assert states(world, dead) == ["FINISHED", "FINISHED", "KILLED"]


def test_what_still_runs_and_what_is_somebody_elses_is_left_alone(
    world: World, instance: dg.DagsterInstance, resource: RegistryResource
) -> None:
    working, foreign = enter(instance, STARTED), str(uuid4())
    for run in (working, foreign):
        begin(world, run)
    assert end_in_mlflow(instance, resource) == {}
    assert states(world, working) == states(world, foreign) == ["RUNNING", "FINISHED", "RUNNING"]


def test_an_mlflow_that_was_never_used_is_not_made_for_this(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLDCAST_MLFLOW_URL", raising=False)
    assert end_in_mlflow(instance, RegistryResource(home=str(tmp_path))) == {}
    assert not list((tmp_path / "mlflow").glob("*.db*"))


def test_an_mlflow_that_is_away_is_asked_again_next_time(
    world: World,
    instance: dg.DagsterInstance,
    resource: RegistryResource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = enter(instance, FAILURE)
    begin(world, dead)

    def gone(self: object) -> Any:
        raise ConnectionRefusedError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(type(world.registry.home), "_connected", gone)
        with pytest.raises(RegistryUnavailable):
            Registry(world.registry.tracking_uri, retry_seconds=0.1).tracking.running()
        assert end_in_mlflow(instance, resource) == {}
    assert end_in_mlflow(instance, resource) == {dead: "FAILED"}
