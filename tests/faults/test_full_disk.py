"""A disk that fills up while a real retrain writes: the kernel itself refuses, station after station."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data.store.store import Store
from orchestration import artifact_folder, io_managers
from orchestration.artifact_folder import Restable, check_artifact
from orchestration.jobs import PLACEMENT, TRAINING
from tests.conftest import missing
from tests.faults.homes import RETRAIN, WORLD, artefacts, coldcast, contents_of, refused, run_states

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the libraries' own, as they are imported
]

FULL = Path("/dev/full")  # whatever is written to it finds no space left on the device
STATIONS = (*TRAINING, *PLACEMENT)
FAULTS = (  # station, the file on which the disk fills up
    ("interaction_snapshot", "interactions.parquet"),
    ("bpr_embeddings", "collaborative_embeddings.npz"),
    ("user_vocabulary_checkpoint", "filterllm.safetensors"),
    ("evaluation_report", "report.html"),
    ("promotion", "record.json"),
)


@dataclass(frozen=True)
class Overflowing:
    """A value one of whose files finds the disk full; those before it are written."""

    value: Restable
    file: str

    def save(self, directory: Path) -> None:
        """Write the value by its own code."""
        (directory / self.file).symlink_to(FULL)
        self.value.save(directory)
        raise AssertionError(f"{self.file} is not among {sorted(os.listdir(directory))}")


@contextmanager
def no_room_for(station: str, file: str) -> Iterator[None]:
    """Let the disk be full for one file of one station."""

    def write(folder: Path, value: Restable) -> int:
        hit = folder.parent.name == station
        return artifact_folder.write_artifact(folder, Overflowing(value, file) if hit else value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io_managers, "write_artifact", write)
        yield


@contextmanager
def no_room_for_the_publication() -> Iterator[None]:
    """Let no file grow beyond a few pages while the publication's transaction is written."""
    unlimited = Store.publish

    def publish(store: Store, *arguments: Any, **options: Any) -> Any:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
        try:
            return unlimited(store, *arguments, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "publish", publish)
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a world in it."""
    if not FULL.exists():
        missing(str(FULL))
    assert coldcast(tmp_path / "home", *WORLD).exit_code == 0
    return tmp_path / "home"


def test_a_disk_that_fills_up_is_told_and_the_next_retrain_goes_on(home: Path) -> None:
    for station, file in FAULTS:
        with no_room_for(station, file):
            message = refused(coldcast(home, *RETRAIN))
        look_at_what_is_left(home, station, message)
    with no_room_for_the_publication():
        message = refused(coldcast(home, *RETRAIN))
    assert message.startswith("publication failed: the database ")
    assert "free disk space and repeat; nothing was written" in message
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        assert store.current_publication() is None
        assert store.model_versions() == []
    assert run_states(home) == ["FAILURE"] * (len(FAULTS) + 1)
    done = coldcast(home, *RETRAIN)
    assert done.exit_code == 0, done.output
    assert "its version was accepted and is not published yet" in done.output
    assert [folder.parent.name for folder in artefacts(home)] == sorted(set(STATIONS) - {"publication"})
    assert contents_of(home)[2] is not None


def look_at_what_is_left(home: Path, station: str, message: str) -> None:
    """The station, its folder and the way out are named; what lies before it is whole, of it nothing is there."""
    assert message.startswith(f"{station} failed: the artefact {station}/")
    assert f" could not be written to {home / 'artifacts' / station}" in message
    assert "No space left on device" in message
    assert "Free disk space and start the same command again" in message
    whole = artefacts(home)
    for folder in whole:
        check_artifact(folder)
    assert {folder.parent.name for folder in whole} == set(TRAINING[: TRAINING.index(station)])
    assert list((home / "artifacts" / station).iterdir()) == []
    assert contents_of(home)[2] is None
