"""One MLflow database for the whole session: its first use takes seconds, an experiment in it does not."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from assets.registry import Registry
from tests.assets.mlflow_worlds import World

COUNTER = itertools.count()


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a SQLite MLflow, created on first use."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def world(mlflow_uri: str, tmp_path: Path) -> World:
    """A registry with names of its own in the session's database."""
    name = f"world-{next(COUNTER)}"
    registry = Registry(mlflow_uri, tmp_path / "artifacts", name, name, retry_seconds=5)
    return World(registry, tmp_path)
