"""A command that stops in the middle of one station's write, so that it can be struck there and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.store.store import Store
from orchestration import artifact_folder, io_managers
from orchestration.artifact_folder import Restable
from tests.faults import chaos_child

WORDS = "in the middle of its write: "  # the station's own line, with its name behind
TRANSACTIONS = {
    "publication": "publish",
    "provisional_users": "add_provisional",
}  # the others write artefacts
SECONDS = 600.0


def run(arguments: list[str], log: str, station: str) -> None:
    """Run a `coldcast` command that lingers when a station has written its files, or its rows, and not ended it."""
    if station in TRANSACTIONS:
        _linger_before_commit(station, TRANSACTIONS[station])
    else:
        _linger_before_rename(station)
    chaos_child.run(arguments, log)


@dataclass(frozen=True)
class _Lingering:
    """A value that has written its files and does not come back."""

    value: Restable
    station: str

    def save(self, directory: Path) -> None:
        """Write the value by its own code."""
        self.value.save(directory)
        _linger(self.station)


def _linger_before_rename(station: str) -> None:
    def write(folder: Path, value: Restable) -> int:
        slow = folder.parent.name == station
        return artifact_folder.write_artifact(folder, _Lingering(value, station) if slow else value)

    io_managers.write_artifact = write


def _linger_before_commit(station: str, name: str) -> None:
    whole, writing = getattr(Store, name), Store._writing

    @contextmanager
    def unfinished(store: Store) -> Iterator[Any]:
        with writing(store) as connection:
            yield connection
            _linger(station)

    def slow(store: Store, *arguments: Any, **options: Any) -> Any:
        Store._writing = unfinished  # type: ignore[method-assign, assignment]
        return whole(store, *arguments, **options)

    method: Callable[..., Any] = slow
    setattr(Store, name, method)


def _linger(station: str) -> None:
    print(WORDS + station, flush=True)
    time.sleep(SECONDS)
