"""The one MLflow address of a home: its client, its experiment, the links into its pages."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from filelock import FileLock

from assets.patience import Patience

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # lines of its own in between ours
    "MLFLOW_UV_AUTO_DETECT": "false",  # the folder a command is started in says nothing about the model
}
PAGES_VARIABLE = "COLDCAST_MLFLOW_PAGES"  # set by `coldcast ui` for the runs it starts
LOCAL_PAGES = "http://127.0.0.1:3001"  # where `coldcast ui` serves MLflow unless told otherwise
DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306}


@dataclass(frozen=True)
class MlflowHome:
    """Where runs and versions are kept.

    Attributes:
        tracking_uri: ``sqlite:///...``, another database URL, or ``http(s)://...``; for runs and registry.
        artifact_root: Folder or URI for artefacts, fixed when the experiment is created; None leaves the
            choice to the server.
        experiment: Name of the experiment that holds every run.
        retry_seconds: Seconds one outage may last before ``RegistryUnavailable``.
        pages: Address of the MLflow pages; by default the server itself, or where ``coldcast ui`` serves them.
    """

    tracking_uri: str
    artifact_root: str | None = None
    experiment: str = "coldcast"
    retry_seconds: float = 60.0
    pages: str | None = None
    patience: Patience = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if "://" not in self.tracking_uri:
            raise ValueError(
                f"tracking_uri must be a URL such as sqlite:////folder/mlflow.db or http://host:5000, "
                f"got {self.tracking_uri!r}"
            )
        patience = Patience(self.tracking_uri, self.retry_seconds, troubles=outages)
        object.__setattr__(self, "patience", patience)

    def insist(self, action: Callable[[MlflowClient], T], doing: str) -> T:
        """Do ``action`` with the client, repeated while MLflow is away, at most ``retry_seconds`` in all.

        Raises:
            RegistryUnavailable: If MLflow stays away.
        """
        return self.patience.insist(lambda: action(self._connected()), doing)

    def once(self, action: Callable[[MlflowClient], T], doing: str, *, timeout: float = 5.0) -> T:
        """Do ``action`` a single time.

        Raises:
            RegistryUnavailable: If MLflow does not answer within ``timeout`` seconds.
        """
        return self.patience.once(lambda: action(self._connected()), doing, timeout=timeout)

    @cached_property
    def experiment_id(self) -> str:
        """Id of the experiment, created on first use."""
        return self.insist(self._find_experiment, "looking up the experiment")

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept here, which is known of a SQLite file alone."""
        file = sqlite_file(self.tracking_uri)
        return file is not None and not file.exists()

    def run_url(self, run_id: str) -> str:
        """The page of one run."""
        return f"{self._pages()}/#/experiments/{self.experiment_id}/runs/{run_id}"

    def version_url(self, model_name: str, version: int) -> str:
        """The page of one registered version."""
        return f"{self._pages()}/#/models/{model_name}/versions/{version}"

    def _pages(self) -> str:
        if self.pages:
            return self.pages.rstrip("/")
        parts = urlsplit(self.tracking_uri)
        if not parts.scheme.startswith("http"):
            return os.environ.get(PAGES_VARIABLE) or LOCAL_PAGES
        host = parts.netloc.rpartition("@")[2]  # never a password in a link
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))

    def _connected(self) -> MlflowClient:
        if "_client" not in self.__dict__:
            knock(self.tracking_uri, timeout=min(5.0, self.retry_seconds))
        return self._client

    @cached_property
    def _client(self) -> MlflowClient:
        file = sqlite_file(self.tracking_uri)
        if file is None:
            return self._open(self.tracking_uri)
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=self.retry_seconds):
            if not file.exists():  # made aside, so that an interruption leaves no half database
                creating = file.with_name(f"{file.name}.creating")
                creating.unlink(missing_ok=True)
                self._open(f"sqlite:///{creating}")
                creating.replace(file)
            return self._open(self.tracking_uri)

    def _open(self, uri: str) -> MlflowClient:
        client: MlflowClient = quiet_mlflow().MlflowClient(tracking_uri=uri, registry_uri=uri)
        return client

    def _find_experiment(self, client: MlflowClient) -> str:
        from mlflow.exceptions import MlflowException

        found = client.get_experiment_by_name(self.experiment)
        if found is None:
            try:
                return str(client.create_experiment(self.experiment, artifact_location=self._artifact_uri()))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was faster
                    raise
                found = client.get_experiment_by_name(self.experiment)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _artifact_uri(self) -> str | None:
        if self.artifact_root is None or "://" in self.artifact_root:
            return self.artifact_root
        folder = Path(self.artifact_root).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return folder.as_uri()


def quiet_mlflow() -> Any:
    """Import MLflow with its telemetry and its progress bars off, unless the environment says otherwise."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow

    return mlflow


def outages() -> tuple[type[Exception], ...]:
    """The exception types by which MLflow and the network report an outage, among other things."""
    from mlflow.exceptions import MlflowException

    return (OSError, MlflowException)


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite URL; None for other addresses and for a database in memory."""
    parts = urlsplit(uri)
    name = parts.path.removeprefix("/")
    return Path(name) if parts.scheme == "sqlite" and name else None


def knock(uri: str, *, timeout: float) -> None:
    """Open and close a connection to a database server, because MLflow itself would retry for minutes.

    Raises:
        OSError: If nobody answers within ``timeout`` seconds.
    """
    parts = urlsplit(uri)
    port = DATABASE_PORTS.get(parts.scheme.partition("+")[0])
    if port is not None and parts.hostname:
        socket.create_connection((parts.hostname, parts.port or port), timeout=timeout).close()
