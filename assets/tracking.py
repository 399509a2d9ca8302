"""One MLflow run per retrain, with a nested run per station; a lost server never costs a result."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from assets.mlflow_home import MlflowHome
from assets.patience import bounded_requests
from assets.registry_errors import RegistryUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric, RunInfo

T = TypeVar("T")

logger = logging.getLogger(__name__)

DAGSTER_RUN = "dagster.run_id"
SNAPSHOT = "coldcast.snapshot_key"
KIND = "coldcast.kind"  # "retrain" or "station"
PARENT = "mlflow.parentRunId"
COMMIT = "mlflow.source.git.commit"
DIGEST_LENGTH = 36  # MLflow's column
VALUE_LENGTH = 6000  # of a parameter
PARAMETERS_PER_CALL = 100
METRICS_PER_CALL = 1000
RUNS_PER_CALL = 1000
TELL_SECONDS = 5.0  # one message may hold training up so long
SILENT_SECONDS = 10.0  # while MLflow is away, training is held up no more often than this

End = Literal["FINISHED", "FAILED", "KILLED"]
Ask = Callable[[Callable[["MlflowClient"], object], str], object]


@dataclass(frozen=True)
class RunReference:
    """A run in MLflow: its id, and its page for the link back."""

    run_id: str
    url: str


class Station:
    """What one station tells MLflow while it works.

    A message that cannot be delivered is kept, and sent with the next one or at the end. Nothing said here
    raises because MLflow is away, since hours of training may hang on it.
    """

    def __init__(self, home: MlflowHome, run_id: str) -> None:
        self._home = home
        self._waiting: deque[tuple[str, Callable[[MlflowClient], object]]] = deque()
        self._silent_until = 0.0
        self.run_id = run_id
        self.url = home.run_url(run_id)

    @property
    def waiting(self) -> int:
        """Messages not delivered yet."""
        return len(self._waiting)

    def parameters(self, values: Mapping[str, object]) -> None:
        """Log a flat mapping of settings; a value is written as text, cut after 6,000 characters."""
        from mlflow.entities import Param

        entries = [Param(metric_name(key), str(value)[:VALUE_LENGTH]) for key, value in values.items()]
        for some in slices(entries, PARAMETERS_PER_CALL):
            self._tell("logging parameters", _batch(self.run_id, params=some))

    def metrics(self, values: Mapping[str, float], *, step: int = 0) -> None:
        """Log the numbers of one epoch, or of the end, in one call; ``ndcg@20`` is written ``ndcg_at_20``."""
        for some in slices(metric_entries(values, step=step), METRICS_PER_CALL):
            self._tell("logging metrics", _batch(self.run_id, metrics=some))

    def dataset(
        self,
        name: str,
        content_hash: str,
        *,
        directory: Path,
        counts: Mapping[str, int],
        role: str = "training",
    ) -> None:
        """Say which data this station read.

        Args:
            name: The snapshot's key.
            content_hash: Its content hash; the first 36 characters are the digest shown by MLflow.
            directory: Where the snapshot rests; MLflow can load the data from there.
            counts: Rows of each kind, shown as the profile.
            role: ``training`` or ``evaluation``.
        """
        entry = dataset_input(name, content_hash, directory=directory, counts=counts, role=role)
        self._tell("logging the dataset", lambda client: client.log_inputs(self.run_id, datasets=[entry]))

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a file, or all files of a directory, with the run.

        Raises:
            FileNotFoundError: If ``path`` does not exist.
        """
        if not path.exists():
            raise FileNotFoundError(f"path must be an existing file or directory, got {path}")
        if path.is_dir():
            self._tell("storing files", lambda client: client.log_artifacts(self.run_id, str(path), folder))
        else:
            self._tell("storing a file", lambda client: client.log_artifact(self.run_id, str(path), folder))

    def deliver(self) -> None:
        """Send what is waiting, insisting.

        Raises:
            RegistryUnavailable: If MLflow stays away; what is waiting stays.
        """
        while self._waiting:
            doing, action = self._waiting[0]
            self._home.insist(action, doing)
            self._waiting.popleft()

    def _tell(self, doing: str, action: Callable[[MlflowClient], object]) -> None:
        self._waiting.append((doing, action))
        if time.monotonic() < self._silent_until:
            return
        try:
            while self._waiting:
                doing, action = self._waiting[0]
                self._home.once(action, doing, timeout=TELL_SECONDS)
                self._waiting.popleft()
        except RegistryUnavailable as error:
            self._silent_until = time.monotonic() + SILENT_SECONDS
            logger.warning("%d messages wait: %s", len(self._waiting), error)


class Tracking:
    """The run tree of one experiment.

    Args:
        home: Where MLflow is.
    """

    def __init__(self, home: MlflowHome) -> None:
        self._home = home

    def retrain_run(
        self, snapshot_key: str, dagster_run_id: str, tags: Mapping[str, str] | None = None
    ) -> RunReference:
        """Get the one MLflow run of a Dagster run, or create it; an ended one is opened again.

        Stations may sit in different processes, so the run is found again by its tag ``dagster.run_id``; if
        two processes created it at once, both settle on the earlier one.

        Args:
            snapshot_key: The snapshot that is trained on.
            dagster_run_id: The Dagster run.
            tags: More tags.

        Raises:
            RegistryUnavailable: If MLflow stays away.
        """
        found = self._retrain_runs(dagster_run_id)
        if found:
            if found[0].status != "RUNNING":
                self._home.insist(
                    lambda client: client.update_run(found[0].run_id, status="RUNNING"), "opening a run"
                )
            return RunReference(found[0].run_id, self._home.run_url(found[0].run_id))
        own = {DAGSTER_RUN: dagster_run_id, SNAPSHOT: snapshot_key, KIND: "retrain"}
        created = self._create(f"retrain {snapshot_key}", {**(tags or {}), **own})
        first = self._retrain_runs(dagster_run_id)[0].run_id
        if first != created:
            self._home.insist(lambda client: client.delete_run(created), "removing a double run")
        return RunReference(first, self._home.run_url(first))

    @contextmanager
    def station(self, parent: RunReference, name: str, *, system_metrics: bool = False) -> Iterator[Station]:
        """Hold a nested run open while a station works.

        It ends FINISHED, FAILED after an exception, KILLED after an interruption. If MLflow is lost on the
        way the station still ends well; what could not be told is counted in the log.

        Args:
            parent: The retrain run.
            name: The station's name.
            system_metrics: Sample processor, memory and disk every 10 s (needs psutil).

        Raises:
            RegistryUnavailable: If MLflow stays away before the work begins.
        """
        run_id = self._create(name, {PARENT: parent.run_id, KIND: "station"})
        station = Station(self._home, run_id)
        try:
            with _sampled(run_id, self._home.tracking_uri) if system_metrics else nullcontext():
                yield station
        except BaseException as error:
            self._end(run_id, "FAILED" if isinstance(error, Exception) else "KILLED", self._home.once)
            raise
        try:
            station.deliver()
        except RegistryUnavailable as error:
            logger.warning("%d messages of run %s are lost: %s", station.waiting, run_id, error)
        self._end(run_id, "FINISHED", self._home.insist)

    def finish(self, run: RunReference, end: End = "FINISHED") -> None:
        """End a retrain run; a lost server is logged, not raised, since nothing published hangs on it."""
        self._end(run.run_id, end, self._home.insist)

    def running(self) -> dict[str, list[str]]:
        """Every run that counts as running, by the Dagster run that it belongs to; stations before their parents.

        Raises:
            RegistryUnavailable: If MLflow does not answer at once.
        """
        home = self._home
        if home.is_empty:
            return {}
        runs = home.once(
            lambda client: client.search_runs(
                [home.experiment_id], "attributes.status = 'RUNNING'", max_results=RUNS_PER_CALL
            ),
            "looking for runs that have not ended",
        )
        found: dict[str, list[str]] = {}
        for run in sorted(runs, key=lambda run: PARENT not in run.data.tags):
            owner = run.data.tags.get(DAGSTER_RUN) or self._owner(run.data.tags.get(PARENT))
            if owner:
                found.setdefault(owner, []).append(str(run.info.run_id))
        return found

    def end(self, run_ids: Sequence[str], end: End) -> None:
        """End runs that can no longer do so themselves; a lost server is logged."""
        for run_id in run_ids:
            self._end(run_id, end, self._home.once)

    def _owner(self, run_id: str | None) -> str | None:
        """The Dagster run of an MLflow run."""
        if run_id is None:
            return None
        run = self._home.once(lambda client: client.get_run(run_id), "looking for a run")
        owner: str | None = run.data.tags.get(DAGSTER_RUN)
        return owner

    def _end(self, run_id: str, end: End, ask: Ask) -> None:
        try:
            ask(lambda client: client.set_terminated(run_id, end), "ending a run")
        except RegistryUnavailable as error:
            logger.warning("run %s could not be marked %s: %s", run_id, end, error)

    def _retrain_runs(self, dagster_run_id: str) -> list[RunInfo]:
        home = self._home
        wanted = f"tags.`{DAGSTER_RUN}` = '{_quoted(dagster_run_id)}' and tags.`{KIND}` = 'retrain'"
        runs = home.insist(
            lambda client: client.search_runs([home.experiment_id], wanted, max_results=10),
            "looking for a run",
        )
        return sorted((run.info for run in runs), key=lambda info: (info.start_time, info.run_id))

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        home = self._home
        commit = git_commit(Path(__file__))
        own = {metric_name(key): value for key, value in tags.items()}
        if commit:
            own[COMMIT] = commit
        run = home.insist(
            lambda client: client.create_run(home.experiment_id, tags=own, run_name=name), "opening a run"
        )
        return str(run.info.run_id)


@contextmanager
def _sampled(run_id: str, tracking_uri: str) -> Iterator[None]:
    """Let MLflow sample processor, memory and disk in the background."""
    try:
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
    except ImportError as error:
        logger.warning("no system metrics (%s); pip install psutil", error)
        yield
        return
    monitor: Any = SystemMetricsMonitor(run_id, tracking_uri=tracking_uri)  # type: ignore[no-untyped-call]
    with bounded_requests(TELL_SECONDS):  # the monitor's thread asks MLflow by itself
        monitor.start()
        try:
            yield
        finally:
            monitor.finish()


def metric_entries(
    values: Mapping[str, float], *, step: int = 0, model_id: str | None = None
) -> list[Metric]:
    """Turn names and numbers into MLflow metrics of this moment."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [
        Metric(metric_name(key), float(value), now, step, model_id=model_id) for key, value in values.items()
    ]


def metric_name(name: str) -> str:
    """Write a name with the characters MLflow allows: ``cold/ndcg@20`` becomes ``cold/ndcg_at_20``."""
    return re.sub(r"[^\w\-./: ]", "_", name.replace("@", "_at_"), flags=re.ASCII)


def dataset_input(
    name: str, content_hash: str, *, directory: Path, counts: Mapping[str, int], role: str
) -> DatasetInput:
    """Describe a snapshot so that MLflow shows its digest and can load it from ``directory``."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=name,
        digest=content_hash[:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": str(directory)}),
        profile=json.dumps({**counts, "content_hash": content_hash}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", role)])


def git_commit(file: Path) -> str | None:
    """The commit checked out where git tracks ``file``, else None (an installed package, no git)."""
    git = ["git", "-C", str(file.parent)]
    try:
        for command in (["ls-files", "--error-unmatch", file.name], ["rev-parse", "HEAD"]):
            found = subprocess.run([*git, *command], check=True, capture_output=True, timeout=5, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def _batch(run_id: str, **entries: Sequence[object]) -> Callable[[MlflowClient], object]:
    def send(client: MlflowClient) -> None:
        client.log_batch(run_id, **entries)  # type: ignore[arg-type]

    return send


def slices(entries: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of at most ``size``."""
    return [entries[at : at + size] for at in range(0, len(entries), size)]


def _quoted(value: str) -> str:
    return value.replace("'", "''")
