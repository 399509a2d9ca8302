"""A home in a temporary folder, a store with a publication made by hand, and one Dagster instance for them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from data.home import HOME_VARIABLE, Home
from tests.orchestration.worlds import Cli, trained, untouched


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Commands make a home that of the process; afterwards it is what it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A home with one version, trained in no time, refused by the gate and published by force; tests add to it."""
    before = dict(os.environ)
    for name in ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL"):
        os.environ.pop(name, None)
    try:
        made = trained(tmp_path_factory.mktemp("trained"))
        shutil.copytree(made.home.root, untouched(made))
        return made
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home that this process uses; nothing in the environment replaces a part of it."""
    for name in ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "400")
    return Home.resolve().create()


@pytest.fixture(scope="session")
def shared_instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's history on disk, as a daemon has it; opening one takes seconds."""
    with dg.instance_for_test() as opened:
        yield opened


@pytest.fixture
def instance(shared_instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """The same without any run or partition."""
    for run in shared_instance.get_runs():
        shared_instance.delete_run(run.run_id)
    for key in shared_instance.get_dynamic_partitions("snapshot"):
        shared_instance.delete_dynamic_partition("snapshot", key)
    return shared_instance
