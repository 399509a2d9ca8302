"""Registered versions as they rest in MLflow: listing, writing, pointing at, deleting."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from assets.mlflow_home import MlflowHome
from assets.model_files import ModelFiles, write_pyfunc
from assets.registry_errors import DamagedVersion, RegistryUnavailable, UnknownVersion
from assets.tracking import DAGSTER_RUN, METRICS_PER_CALL, SNAPSHOT, RunReference, metric_entries, slices

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

logger = logging.getLogger(__name__)

CONTENT_HASH = "coldcast.content_hash"
FILES_DIGEST = "coldcast.files_digest"
MODEL_ID = "coldcast.model_id"  # a database URL lists versions without it
DECISION = "coldcast.decision"
REASON = "coldcast.reason"
REPLACED = "coldcast.replaced"  # the champion a promoted version took over from
REASON_LENGTH = 4000
PAGE = 200
MISSING = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from.

    Attributes:
        run: The retrain's MLflow run.
        dagster_run_id: The Dagster run; a second registration in the same run returns the first version.
        snapshot_key: Key of the snapshot it was trained on.
        content_hash: Content hash of that snapshot.
    """

    run: RunReference
    dagster_run_id: str
    snapshot_key: str
    content_hash: str


@dataclass(frozen=True)
class RegisteredVersion:
    """One version in the registry.

    Attributes:
        version: Number, counted from 1.
        snapshot_key, content_hash: The snapshot it was trained on.
        dagster_run_id, run_id: The Dagster run and the MLflow run that made it.
        model_id: MLflow's logged model, to which its metrics belong.
        aliases: ``champion``, ``challenger``, ``previous``, in alphabetical order.
        created_at: When it was registered, UTC.
        decision, reason: What was decided about it last; empty if nothing.
        replaced: The champion it took over from, if it was promoted over one.
        files_digest: SHA-256 over its files.
        location: Where its MLflow model rests, a URI.
        url: Its page.
    """

    version: int
    snapshot_key: str
    content_hash: str
    dagster_run_id: str
    run_id: str
    model_id: str
    aliases: tuple[str, ...]
    created_at: datetime
    decision: str
    reason: str
    replaced: int | None
    files_digest: str
    location: str
    url: str


class Versions:
    """The versions of one registered model.

    Every method raises ``RegistryUnavailable`` if MLflow stays away.

    Args:
        home: Where MLflow is.
        model_name: Name of the registered model.
    """

    def __init__(self, home: MlflowHome, model_name: str) -> None:
        self._home = home
        self._name = model_name

    def all(self) -> list[RegisteredVersion]:
        """All versions, the newest first; empty before the first registration."""
        aliases = self.aliases()
        found = self._home.insist(self._search, "listing versions")
        described = [self._described(one, aliases) for one in found]
        return sorted(described, key=lambda one: one.version, reverse=True)

    def get(self, version: int) -> RegisteredVersion:
        """One version.

        Raises:
            UnknownVersion: If there is no such version.
        """
        every = {one.version: one for one in self.all()}
        if version not in every:
            known = ", ".join(map(str, every)) or "none"
            raise UnknownVersion(
                f"version {version} of model {self._name} does not exist; registered: {known}"
            )
        return every[version]

    def aliases(self) -> dict[str, int]:
        """Alias -> version; empty before the first registration."""
        return self._home.insist(self._read_aliases, "reading aliases")

    def create(self, files: ModelFiles, lineage: Lineage, *, example: str) -> int:
        """Upload a model and register it; the version appears only once every file is there.

        Args:
            files: Checkpoint, space and users.
            lineage: Where the model comes from.
            example: A text for the input example.

        Returns:
            The new version's number.
        """
        logged = self._upload(files, lineage, example)
        tags = {
            DAGSTER_RUN: lineage.dagster_run_id,
            SNAPSHOT: lineage.snapshot_key,
            CONTENT_HASH: lineage.content_hash,
            FILES_DIGEST: files.digest(),
            MODEL_ID: logged.model_id,
        }

        def write(client: MlflowClient) -> int:
            self._ensure_model(client)
            for one in self._search(client):
                if one.tags.get(MODEL_ID) == logged.model_id:  # an attempt before this one, its answer lost
                    return int(one.version)
            made = client.create_model_version(
                self._name,
                logged.artifact_location,
                run_id=lineage.run.run_id,
                tags=tags,
                model_id=logged.model_id,
            )
            return int(made.version)

        version = self._home.insist(write, "registering a version")
        links = json.dumps([{"name": self._name, "version": str(version)}])
        self._home.insist(
            lambda client: client.set_logged_model_tags(logged.model_id, {"mlflow.modelVersions": links}),
            "linking model and version",
        )
        return version

    def attach(self, one: RegisteredVersion, metrics: Mapping[str, float]) -> None:
        """Log numbers on a version's model and its run, and link the two."""
        from mlflow.entities import LoggedModelOutput

        for some in slices(metric_entries(metrics, model_id=one.model_id), METRICS_PER_CALL):
            self._home.insist(
                lambda client, some=some: client.log_batch(one.run_id, metrics=some),  # type: ignore[misc]
                "logging a model's metrics",
            )

        def link(client: MlflowClient) -> None:
            outputs = client.get_run(one.run_id).outputs
            linked = outputs.model_outputs if outputs else []
            if all(output.model_id != one.model_id for output in linked):
                client.log_outputs(one.run_id, [LoggedModelOutput(one.model_id, step=0)])

        self._home.insist(link, "linking model and run")

    def point(self, alias: str, version: int) -> None:
        """Let an alias name a version."""
        self._home.insist(
            lambda client: client.set_registered_model_alias(self._name, alias, str(version)),
            f"moving the alias {alias}",
        )

    def unpoint(self, alias: str) -> None:
        """Remove an alias; nothing happens if it does not exist."""
        self._home.insist(
            lambda client: client.delete_registered_model_alias(self._name, alias),
            f"removing the alias {alias}",
        )

    def decide(self, version: int, decision: str, reason: str) -> None:
        """Write down what was decided about a version, and why."""
        self.tag(version, {DECISION: decision, REASON: reason[:REASON_LENGTH]})

    def tag(self, version: int, tags: Mapping[str, str]) -> None:
        """Set tags on a version."""
        for key, value in tags.items():
            self._home.insist(
                lambda client, key=key, value=value: client.set_model_version_tag(  # type: ignore[misc]
                    self._name, str(version), key, value
                ),
                "tagging a version",
            )

    def delete(self, one: RegisteredVersion) -> None:
        """Delete a version, then its files unless another one has them; a server may keep those that it holds."""
        from mlflow.exceptions import MlflowException
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        shared = any(other.location == one.location for other in self.all() if other.version != one.version)
        model_id = "" if shared else one.model_id
        self._home.insist(lambda client: self._forget(client, one.version, model_id), "deleting a version")
        if shared:
            return
        try:
            get_artifact_repository(one.location, self._home.tracking_uri).delete_artifacts()  # type: ignore[no-untyped-call]
        except (OSError, NotImplementedError, MlflowException) as error:
            logger.warning("the files of version %d stay at %s: %s", one.version, one.location, error)

    def fetch(self, one: RegisteredVersion, cache: Path) -> ModelFiles:
        """The files of a version: in place if they lie on this machine, else a whole copy below ``cache``.

        Raises:
            DamagedVersion: If a file is missing, or the files differ from what was registered.
        """
        if one.location.startswith("file:"):
            folder = Path(url2pathname(urlsplit(one.location).path))
        else:
            folder = cache / one.model_id
            if not folder.exists():
                self._home.insist(lambda _: self._copy(one.location, folder), "downloading the model")
        files = ModelFiles.inside(folder / "artifacts")
        found = files.digest()
        if found != one.files_digest:
            raise DamagedVersion(
                f"the files of version {one.version} in {folder} have digest {found[:12]}, registered was "
                f"{one.files_digest[:12]}; restore them, or remove the folder and register a version again"
            )
        return files

    def _copy(self, location: str, folder: Path) -> None:
        import mlflow.artifacts

        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="incoming-") as incoming:
            where = mlflow.artifacts.download_artifacts(
                artifact_uri=location, dst_path=incoming, tracking_uri=self._home.tracking_uri
            )
            os.replace(where, folder)

    def _forget(self, client: MlflowClient, version: int, model_id: str) -> None:
        from mlflow.exceptions import MlflowException

        steps: list[Callable[[], object]] = [lambda: client.delete_model_version(self._name, str(version))]
        if model_id:
            steps.append(lambda: client.delete_logged_model(model_id))
        for step in steps:
            try:
                step()
            except MlflowException as error:
                if error.error_code != MISSING:  # an attempt before this one may have come so far
                    raise

    def _upload(self, files: ModelFiles, lineage: Lineage, example: str) -> LoggedModel:
        from mlflow.models import Model

        home, run_id = self._home, lineage.run.run_id
        logged: LoggedModel = home.insist(
            lambda client: client.create_logged_model(
                home.experiment_id, name=self._name, source_run_id=run_id, model_type="filterllm"
            ),
            "describing the model",
        )
        ready = False
        try:
            with tempfile.TemporaryDirectory(prefix="coldcast-model-") as folder:
                local = Path(folder) / "model"
                model = Model(
                    artifact_path=logged.artifact_location,
                    model_uuid=logged.model_id,
                    run_id=run_id,
                    model_id=logged.model_id,
                )
                write_pyfunc(local, files, model=model, example=example)
                home.insist(
                    lambda client: client.log_model_artifacts(logged.model_id, os.fspath(local)),
                    "uploading the model",
                )
            ready = True
        finally:
            self._finalize(logged.model_id, ready=ready)
        return logged

    def _finalize(self, model_id: str, *, ready: bool) -> None:
        if ready:
            self._home.insist(
                lambda client: client.finalize_logged_model(model_id, "READY"), "completing the model"
            )
            return
        try:
            self._home.once(
                lambda client: client.finalize_logged_model(model_id, "FAILED"), "giving up a model"
            )
        except RegistryUnavailable as error:
            logger.warning("the model %s stays unfinished: %s", model_id, error)

    def _ensure_model(self, client: MlflowClient) -> None:
        from mlflow.exceptions import MlflowException

        try:
            client.create_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _search(self, client: MlflowClient) -> list[ModelVersion]:
        found: list[ModelVersion] = []
        token = None
        while True:
            page = client.search_model_versions(f"name = '{self._name}'", max_results=PAGE, page_token=token)
            found += page
            token = page.token
            if not token:
                return found

    def _read_aliases(self, client: MlflowClient) -> dict[str, int]:
        from mlflow.exceptions import MlflowException

        try:
            model = client.get_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != MISSING:
                raise
            return {}
        return {alias: int(version) for alias, version in model.aliases.items()}

    def _described(self, found: ModelVersion, aliases: Mapping[str, int]) -> RegisteredVersion:
        tags, version = found.tags, int(found.version)
        return RegisteredVersion(
            version=version,
            snapshot_key=tags.get(SNAPSHOT, ""),
            content_hash=tags.get(CONTENT_HASH, ""),
            dagster_run_id=tags.get(DAGSTER_RUN, ""),
            run_id=found.run_id or "",
            model_id=tags.get(MODEL_ID, ""),
            aliases=tuple(sorted(alias for alias, at in aliases.items() if at == version)),
            created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC),
            decision=tags.get(DECISION, ""),
            reason=tags.get(REASON, ""),
            replaced=int(tags[REPLACED]) if REPLACED in tags else None,
            files_digest=tags.get(FILES_DIGEST, ""),
            location=found.source or "",
            url=self._home.version_url(self._name, version),
        )
