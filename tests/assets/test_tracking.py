"""The run tree: one run per retrain, a nested one per station, and nothing lost with the server."""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assets.registry import Registry, RegistryUnavailable
from assets.tracking import RunReference, Tracking, git_commit, metric_name, slices
from tests.assets.mlflow_worlds import World
from tests.assets.test_mlflow_home import closed_port

pytestmark = pytest.mark.slow


def client_of(world: World) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(world.registry.tracking_uri, world.registry.tracking_uri)


def only_station(world: World, parent: RunReference) -> Any:
    runs = client_of(world).search_runs(
        [world.registry.home.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.run_id}'"
    )
    assert len(runs) == 1
    return runs[0]


def test_one_run_per_dagster_run_found_again_from_another_process(world: World) -> None:
    first = world.registry.tracking.retrain_run("snapshot-1", "dagster-1", {"dagster/job": "retrain"})
    again = Registry(world.registry.tracking_uri, None, world.registry.experiment).tracking
    assert again.retrain_run("snapshot-1", "dagster-1") == first
    assert again.retrain_run("snapshot-1", "dagster-2") != first
    tags = client_of(world).get_run(first.run_id).data.tags
    assert tags["dagster.run_id"] == "dagster-1"
    assert tags["coldcast.snapshot_key"] == "snapshot-1"
    assert tags["dagster/job"] == "retrain"
    assert first.url.endswith(f"/runs/{first.run_id}")


def test_two_processes_that_create_the_run_at_once_settle_on_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = world.registry.tracking
    create = Tracking._create
    made: list[str] = []

    def slow_create(self: Tracking, name: str, tags: Mapping[str, str]) -> str:
        made.append(create(self, name, tags))  # the other process, a moment earlier
        time.sleep(0.005)
        made.append(create(self, name, tags))
        return made[-1]

    monkeypatch.setattr(Tracking, "_create", slow_create)
    found = tracking.retrain_run("snapshot", "dagster")
    monkeypatch.undo()
    assert tracking.retrain_run("snapshot", "dagster") == found
    assert found.run_id == made[0]
    stages = [client_of(world).get_run(run).info.lifecycle_stage for run in made]
    assert stages == ["active", "deleted"]


def test_a_station_logs_settings_epochs_data_and_files(world: World) -> None:
    file = world.folder / "curve.txt"
    file.write_text("loss")
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with world.registry.tracking.station(parent, "bpr_embeddings") as station:
        station.parameters({"d": 64, "model": "mf", "patience": None})
        for epoch, loss in enumerate([0.9, 0.5, 0.25], start=1):
            station.metrics({"loss": loss, "ndcg@20": loss / 10}, step=epoch)
        station.dataset("snapshot", "a1b2" * 16, directory=world.folder, counts={"pairs": 12, "users": 3})
        station.artifact(file, "plots")
    run = only_station(world, parent)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "bpr_embeddings"
    assert run.data.params == {"d": "64", "model": "mf", "patience": "None"}
    history = client_of(world).get_metric_history(run.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.9), (2, 0.5), (3, 0.25)]
    assert "ndcg_at_20" in run.data.metrics
    (entry,) = run.inputs.dataset_inputs
    assert entry.dataset.name == "snapshot"
    assert entry.dataset.digest == ("a1b2" * 16)[:36]
    assert json.loads(entry.dataset.profile)["pairs"] == 12
    assert [tag.value for tag in entry.tags] == ["training"]
    stored = client_of(world).list_artifacts(run.info.run_id, "plots")
    assert [one.path for one in stored] == ["plots/curve.txt"]


def test_the_logged_dataset_leads_back_to_the_data(world: World) -> None:
    import mlflow.data

    (world.folder / "pairs.txt").write_text("1 2")
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with world.registry.tracking.station(parent, "snapshot") as station:
        station.dataset("snapshot", "ab" * 32, directory=world.folder, counts={})
    (entry,) = only_station(world, parent).inputs.dataset_inputs
    source = mlflow.data.get_source(entry)
    assert (Path(source.load()) / "pairs.txt").read_text() == "1 2"


def test_an_exception_marks_the_station_failed_and_passes_through(world: World) -> None:
    import mlflow

    parent = world.registry.tracking.retrain_run("snapshot", "dagster")

    def work() -> None:
        with world.registry.tracking.station(parent, "bpr") as station:
            station.metrics({"loss": 1.0}, step=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    run = only_station(world, parent)
    assert run.info.status == "FAILED"
    assert run.data.metrics == {"loss": 1.0}
    assert mlflow.active_run() is None
    world.registry.tracking.finish(parent, "FAILED")
    assert client_of(world).get_run(parent.run_id).info.status == "FAILED"


def test_an_interruption_marks_the_station_killed(world: World) -> None:
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with pytest.raises(KeyboardInterrupt), world.registry.tracking.station(parent, "bpr"):
        raise KeyboardInterrupt
    assert only_station(world, parent).info.status == "KILLED"


def test_a_finished_run_is_opened_again(world: World) -> None:
    tracking = world.registry.tracking
    parent = tracking.retrain_run("snapshot", "dagster")
    tracking.finish(parent)
    assert client_of(world).get_run(parent.run_id).info.status == "FINISHED"
    assert tracking.retrain_run("snapshot", "dagster") == parent
    assert client_of(world).get_run(parent.run_id).info.status == "RUNNING"


def test_hundreds_of_settings_and_long_values_are_taken(world: World) -> None:
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with world.registry.tracking.station(parent, "bpr") as station:
        station.parameters({**{f"p{n}": n for n in range(205)}, "long": "x" * 10_000})
    params = only_station(world, parent).data.params
    assert len(params) == 206
    assert params["long"] == "x" * 6000


def test_a_missing_file_is_named(world: World) -> None:
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with (
        pytest.raises(FileNotFoundError, match=r"path must be an existing file or directory, got .*nowhere"),
        world.registry.tracking.station(parent, "bpr") as station,
    ):
        station.artifact(world.folder / "nowhere")


def test_losing_mlflow_during_training_loses_no_training(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    home = world.registry.home
    calls: list[int] = []

    def gone() -> Any:
        calls.append(1)
        raise ConnectionRefusedError("refused")

    with caplog.at_level(logging.WARNING), world.registry.tracking.station(parent, "bpr") as station:
        station.metrics({"loss": 1.0}, step=1)
        monkeypatch.setattr(type(home), "_connected", lambda self: gone())
        for step in range(2, 6):
            station.metrics({"loss": 1.0 / step}, step=step)
        assert station.waiting == 4
        assert len(calls) == 1  # asked once, then left in peace for a while
        monkeypatch.undo()
    assert "messages wait" in caplog.text
    run = only_station(world, parent)
    assert run.info.status == "FINISHED"
    assert len(client_of(world).get_metric_history(run.info.run_id, "loss")) == 5  # all arrived at the end


def test_mlflow_lost_for_good_ends_the_station_well_and_says_so(
    mlflow_uri: str, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry(mlflow_uri, None, world.registry.experiment, retry_seconds=0.5)
    parent = registry.tracking.retrain_run("snapshot", "dagster")

    def gone(self: object) -> Any:
        raise ConnectionRefusedError("refused")

    with caplog.at_level(logging.WARNING), registry.tracking.station(parent, "bpr") as station:
        monkeypatch.setattr(type(registry.home), "_connected", gone)
        station.metrics({"loss": 1.0}, step=1)
    registry.tracking.finish(parent)
    assert "1 messages of run" in caplog.text
    assert "could not be marked FINISHED" in caplog.text


def test_a_dead_server_stops_a_station_before_it_works() -> None:
    registry = Registry(f"http://127.0.0.1:{closed_port()}", retry_seconds=0.5)
    with pytest.raises(RegistryUnavailable), registry.tracking.station(RunReference("run", "url"), "bpr"):
        pytest.fail("the station worked")


@pytest.mark.slow
def test_system_metrics_are_sampled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psutil")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "1")
    parent = world.registry.tracking.retrain_run("snapshot", "dagster")
    with world.registry.tracking.station(parent, "bpr", system_metrics=True):
        time.sleep(3)
    names = only_station(world, parent).data.metrics
    assert "system/cpu_utilization_percentage" in names


def test_the_commit_is_tagged_only_for_tracked_code(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("x = 1\n")
    assert git_commit(file) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert git_commit(file) is None
    subprocess.run([*git, "add", "code.py"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    found = git_commit(file)
    assert found is not None
    assert len(found) == 40


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cold/ndcg@20", "cold/ndcg_at_20"), ("a b.c-d:e_f", "a b.c-d:e_f"), ("gap(±)", "gap___")],
)
def test_metric_names(name: str, expected: str) -> None:
    assert metric_name(name) == expected


def test_slices() -> None:
    assert slices([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert slices([], 2) == []
