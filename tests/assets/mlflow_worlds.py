"""What the tests of the registry share: a real MLflow in a folder, and model files too small to matter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assets.registry import Lineage, RegisteredVersion, Registry


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


MakeWorld = Callable[[], World]


def model_directories(folder: Path, *, word: str) -> tuple[Path, Path]:
    """A checkpoint and a space that nobody can load."""
    checkpoint, space = folder / f"checkpoint-{word}", folder / f"space-{word}"
    for directory in (checkpoint, space):
        directory.mkdir(exist_ok=True)
        (directory / "content.json").write_text(json.dumps({"word": word}))
    return checkpoint, space
