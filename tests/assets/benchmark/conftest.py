"""The forty titles, written and read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.benchmark.data_choice import DataChoice
from assets.judging import evaluation_input
from data.snapshot import Snapshot
from evaluation.evaluation_input import EvaluationInput
from tests.assets.benchmark.worlds import choice, write_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the data set."""
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def snapshot(world: Path) -> Snapshot:
    """The data set, read."""
    return choice(world).snapshot()


@pytest.fixture
def read_once(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs find the data set read already, and draw no pictures."""
    monkeypatch.setattr(DataChoice, "snapshot", lambda self: snapshot)
    monkeypatch.setattr("evaluation.benchmark_page.page", lambda benchmark: "<!doctype html>")


@pytest.fixture(scope="session")
def data(snapshot: Snapshot) -> EvaluationInput:
    """The same as the judges see it."""
    return evaluation_input(snapshot)
