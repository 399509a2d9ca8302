"""What the tests of the registry share: a real MLflow in a folder, and model files too small to matter."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.registry import CHALLENGER, Lineage, RegisteredVersion, Registry
from assets.tracking import DAGSTER_RUN, SNAPSHOT
from assets.versions import MODEL_ID

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class World:
    """A registry with an experiment of its own, and something to register."""

    registry: Registry
    folder: Path

    def register(self, dagster_run: str, *, metrics: dict[str, float] | None = None) -> RegisteredVersion:
        """Register the next version, made by ``dagster_run``."""
        checkpoint, space = model_directories(self.folder, word=dagster_run)
        run = self.registry.tracking.retrain_run(f"snapshot-{dagster_run}", dagster_run)
        lineage = Lineage(run, dagster_run, f"snapshot-{dagster_run}", f"hash-{dagster_run}")
        return self.registry.register(
            checkpoint, space, user_ids=["ann", "bob"], lineage=lineage, metrics=metrics or {}
        )

    def enter(self, dagster_run: str) -> int:
        """Enter the next version without a model: enough for everything about aliases, and quick."""
        from mlflow.exceptions import MlflowException

        def write(client: MlflowClient) -> int:
            with contextlib.suppress(MlflowException):  # it exists already
                client.create_registered_model(self.registry.model_name)
            tags = {DAGSTER_RUN: dagster_run, SNAPSHOT: f"snapshot-{dagster_run}", MODEL_ID: "m-lost"}
            source = (self.folder / dagster_run).as_uri()
            return int(client.create_model_version(self.registry.model_name, source, tags=tags).version)

        version = self.registry.home.insist(write, "entering a version")
        self.registry.home.insist(
            lambda client: client.set_registered_model_alias(
                self.registry.model_name, CHALLENGER, str(version)
            ),
            "naming the challenger",
        )
        return version


def model_directories(folder: Path, *, word: str) -> tuple[Path, Path]:
    """A checkpoint and a space that nobody can load."""
    checkpoint, space = folder / f"checkpoint-{word}", folder / f"space-{word}"
    for directory in (checkpoint, space):
        directory.mkdir(exist_ok=True)
        (directory / "content.json").write_text(json.dumps({"word": word}))
    return checkpoint, space
