"""A home on a small disk of its own that is full from one moment on: for the store, for Dagster and for MLflow."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from data.store.store import Store
from orchestration.artifact_folder import check_artifact
from orchestration.jobs import TRAINING
from tests.conftest import missing
from tests.faults.homes import (
    RETRAIN,
    WORLD,
    Command,
    artefacts,
    coldcast,
    contents_of,
    finished,
    run_states,
    started,
    until_logged,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MEGABYTES = 128
FILLER = "filler"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs: a file system with an end, which only root may mount."""
    if shutil.which("mount") is None:
        missing("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "small")
    mounted = subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)
    if mounted.returncode:
        missing(f"the right to mount a tmpfs ({mounted.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free, though the run gives some back meanwhile."""
    until = time.monotonic() + 30
    with (disk / FILLER).open("wb", buffering=0) as filler:
        while shutil.disk_usage(disk).free:
            assert time.monotonic() < until, "the run gives back room faster than it can be filled"
            for size in (2**20, 2**12, 1):
                with suppress(OSError):
                    while filler.write(b"\0" * size):
                        pass


@contextmanager
def store_held(home: Path) -> Iterator[None]:
    """Keep everybody else from writing to the store."""
    with closing(sqlite3.connect(home / "coldcast.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def told(command: Command) -> str:
    """What a command says that fails on a full disk: one sentence with the way out."""
    assert command.wait() == 1, command.output
    assert "Traceback" not in command.output
    last = command.output.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert "ree disk space" in last
    return last


def test_a_disk_full_at_checkpoint_and_at_publication_loses_nothing(disk: Path) -> None:
    home = disk / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    events = contents_of(home)[1]

    with started(home, *RETRAIN) as command:
        until_logged(home, command, station="user_vocabulary_checkpoint", words="user vocabulary: 1/16")
        fill(disk)
        told(command)
    (disk / FILLER).unlink()
    assert look(home, events) == set(TRAINING[: TRAINING.index("user_vocabulary_checkpoint")])

    with started(home, *RETRAIN) as command:
        until_logged(home, command, station="item_embeddings", words="STEP_START")
        with store_held(home):
            until_logged(home, command, station="publication", words="STEP_START")
            fill(disk)
        told(command)
    (disk / FILLER).unlink()
    assert "continuing snapshot" in command.output
    assert look(home, events) >= set(TRAINING)

    assert "its version was accepted and is not published yet" in finished(home, *RETRAIN)
    assert contents_of(home)[2] is not None
    assert run_states(home) == ["SUCCESS", "FAILURE", "FAILURE"]


def look(home: Path, events: object) -> set[str]:
    """The events are as they were, nothing is published, what there is is whole; returns the stations done."""
    assert contents_of(home)[1:3] == (events, None)
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        assert store.model_versions() == []
    for folder in artefacts(home):
        check_artifact(folder)
    return {folder.parent.name for folder in artefacts(home)}
