"""A station at work: record, MLflow run inside the retrain's run, progress; a failure ends both runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.progress import Progress, listening
from assets.resources import RegistryResource
from assets.station_record import Recorded
from assets.work import at_work
from models.training import EpochReport

pytestmark = pytest.mark.slow  # MLflow takes seconds to start


@dataclass(frozen=True)
class Word:
    """A value of one file."""

    word: str

    def save(self, directory: Path) -> None:
        (directory / "word.txt").write_text(self.word)


KEEP: dict[str, Any] = {}


class Memory(dg.IOManager):
    """Keeps the last value."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        KEEP["value"] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        raise NotImplementedError


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["key"]))
def station(
    context: dg.AssetExecutionContext, registry: RegistryResource, progress: Progress
) -> dg.Output[Recorded]:
    """A station of two epochs that fails if told to."""
    with at_work(context, registry, progress, parameters={"d": 8}) as work:
        tell = work.on_epoch("epochs")
        for epoch in (1, 2):
            tell(EpochReport(epoch, 2, 1 / epoch, 0.25 if epoch == 2 else None, 0.5))
        if context.run.tags.get("fail"):
            raise RuntimeError("as told")
        work.finish_tree()
        return work.output(Word("so"), users=4)


@pytest.fixture
def run(tmp_path: Path, mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Materialize the station; returns the result, the progress told, and the registry."""
    monkeypatch.setenv("COLDCAST_MLFLOW_URL", mlflow_uri)
    told: list[tuple[str, int, int, str]] = []
    registry = RegistryResource(home=str(tmp_path / "home"))

    def materialize(**tags: str) -> Any:
        resources = {
            "registry": registry,
            "progress": Progress(),
            "io_manager": Memory(),
        }
        with listening(lambda *one: told.append(one)):
            result = dg.materialize(
                [station], partition_key="key", resources=resources, tags=tags, raise_on_error=False
            )
        return result, told, registry.open()

    return materialize


def test_a_station_keeps_its_record_and_tells_about_each_epoch(run: Any) -> None:
    result, told, _ = run()
    assert result.success
    recorded = KEEP["value"]
    assert recorded.value == Word("so")
    assert recorded.record.parameters == {"d": 8}
    assert recorded.record.epochs == [
        {"step": 1, "loss": 1.0, "seconds": 0.5},
        {"step": 2, "loss": 0.5, "validation": 0.25, "seconds": 0.5},
    ]
    assert recorded.record.ended >= recorded.record.started
    assert told == [("epochs", 1, 2, "loss 1.0000"), ("epochs", 2, 2, "loss 0.5000, validation 0.2500")]
    (event,) = result.asset_materializations_for_node("station")
    assert event.metadata["users"].value == 4
    assert event.metadata["seconds"].value >= 0
    assert str(event.metadata["mlflow_run"].value)


def test_the_mlflow_run_of_the_station_lies_inside_that_of_the_retrain(run: Any) -> None:
    result, _, registry = run()
    runs = mlflow_runs(registry, result.run_id)
    assert sorted(status for status, _ in runs.values()) == ["FINISHED", "FINISHED"]
    assert [parent for _, parent in runs.values() if parent] == [
        name for name, (_, parent) in runs.items() if parent is None
    ]


def test_a_failure_ends_both_runs_as_failed(run: Any) -> None:
    result, _, registry = run(fail="yes")
    assert not result.success
    runs = mlflow_runs(registry, result.run_id)
    assert sorted(status for status, _ in runs.values()) == ["FAILED", "FAILED"]


def mlflow_runs(registry: Any, dagster_run: str) -> dict[str, tuple[str, str | None]]:
    """MLflow run id -> (status, its parent's id), of the retrain run and what lies inside it."""

    def search(client: Any) -> dict[str, tuple[str, str | None]]:
        found = client.search_runs([registry.home.experiment_id])
        return {one.info.run_id: (one.info.status, one.data.tags.get("mlflow.parentRunId")) for one in found}

    every: dict[str, tuple[str, str | None]] = registry.home.insist(search, "searching runs")
    tree = registry.tracking.retrain_run("key", dagster_run).run_id
    return {name: one for name, one in every.items() if name == tree or one[1] == tree}
