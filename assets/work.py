"""A station at work: it keeps its record, tells MLflow, and shows its progress."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.progress import Progress
from assets.resources import RegistryResource
from assets.station_record import Recorded, StationRecord

if TYPE_CHECKING:
    from assets.tracking import RunReference, Station
    from data.snapshot import Snapshot


@dataclass(frozen=True)
class Work:
    """What a station holds while it works."""

    context: dg.AssetExecutionContext
    record: StationRecord
    tracked: "Station"
    progress: Progress
    registry: RegistryResource
    parent: "RunReference"

    def on_epoch(self, title: str) -> Callable[[Any], None]:
        """A training loop's ``on_epoch``: notes, tells and shows each epoch."""
        report = self.progress.reporter(self.context, title)

        def on_epoch(epoch: Any) -> None:
            values = {"loss": epoch.loss, "validation": epoch.validation, "seconds": epoch.seconds}
            given = {name: float(value) for name, value in values.items() if value is not None}
            self.record.epoch(epoch.epoch, given)
            self.tracked.metrics(given, step=epoch.epoch)
            validation = "" if epoch.validation is None else f", validation {epoch.validation:.4f}"
            report(epoch.epoch, epoch.epochs, f"loss {epoch.loss:.4f}{validation}")

        return on_epoch

    def reads(self, snapshot: "Snapshot", role: str = "training") -> None:
        """Tell MLflow which data the station works on: the snapshot's key, its hash and its counts.

        Args:
            snapshot: What is read.
            role: ``training`` or ``evaluation``.
        """
        manifest = snapshot.manifest
        folder = self.registry.artifacts() / "interaction_snapshot" / manifest.key
        self.tracked.dataset(
            manifest.key, manifest.content_hash, directory=folder, counts=manifest.counts, role=role
        )

    def records_of(self, *stations: str) -> list[StationRecord]:
        """The records that earlier stations of this snapshot left."""
        artifacts = self.registry.artifacts()
        return [StationRecord.load(artifacts / station / self.context.partition_key) for station in stations]

    def finish_tree(self) -> None:
        """End the MLflow run of the whole retrain."""
        self.registry.open().tracking.finish(self.parent, "FINISHED")

    def output(self, value: Any, **metadata: Any) -> dg.Output[Recorded]:
        """The station's value with its record; the materialization links to the MLflow run."""
        self.record.ended = time.time()
        links: dict[str, Any] = {
            "seconds": self.record.seconds,
            "mlflow_run": dg.MetadataValue.url(self.tracked.url),
        }
        return dg.Output(Recorded(value, self.record), metadata={**metadata, **links})


@contextmanager
def at_work(
    context: dg.AssetExecutionContext,
    registry: RegistryResource,
    progress: Progress,
    *,
    parameters: Mapping[str, Any],
) -> Iterator[Work]:
    """Open a station's record and its MLflow run, nested in the run of the whole retrain.

    Raises:
        RegistryUnavailable: If MLflow stays away for a minute before the work begins.
    """
    station = context.asset_key.path[-1]
    record = StationRecord(station, dict(parameters), started=time.time())
    tracking = registry.open().tracking
    parent = tracking.retrain_run(context.partition_key, context.run.run_id, context.run.tags)
    try:
        with tracking.station(parent, station, system_metrics=True) as tracked:
            tracked.parameters(parameters)
            yield Work(context, record, tracked, progress, registry, parent)
    except BaseException:
        tracking.finish(parent, "FAILED")
        raise
