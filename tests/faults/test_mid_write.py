"""kill -9 in the middle of each station's write: its files are there and not yet in place, its rows not committed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.jobs import PLACEMENT, TRAINING
from tests.fakes import tiny_encoder
from tests.faults.chaos_replay import Step, replay
from tests.faults.homes import artefacts, contents_of
from tests.faults.invariants import Life
from tests.faults.lingering import TRANSACTIONS, WORDS
from tests.faults.runs import Starter
from tests.faults.test_import import is_locked

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Scene:
    """A home whose stations are struck one after the other, and how its commands are started."""

    life: Life
    starter: Starter

    def strike(self, step: Step, station: str) -> None:
        """Let a step come to the middle of a station's write, and kill it there."""
        home = self.life.home
        before = contents_of(home)[2]
        run = self.starter.start(home, step, linger=station)
        run.until_it_says(WORDS + station)
        if station in TRANSACTIONS:
            assert is_locked(home / "coldcast.db")
        else:
            (unfinished,) = (home / "artifacts" / station).glob(".*.writing-*")
            assert any(unfinished.iterdir())
        assert run.kill(), f"{station} had ended: {run.log.read_text()}"
        self.life.look([step.events])
        assert contents_of(home)[2] == before
        if station in TRAINING:
            done = {folder.parent.name for folder in artefacts(home)}
            assert done == set(TRAINING[: TRAINING.index(station)])


def test_a_kill_in_the_middle_of_each_stations_write_loses_nothing(tmp_path: Path, room: Path) -> None:
    steps = iter(replay(tmp_path / "files", tiny_encoder(tmp_path / "encoder"), seed=1))
    scene = Scene(Life(room / "home"), Starter(tmp_path))
    for stations in (
        (),
        TRAINING,
        PLACEMENT,
        (),
        ("provisional_users",),
    ):  # import, retrain, promote, import, fold in
        step = scene.life.named(next(steps))
        for station in stations:
            scene.strike(step, station)
        scene.starter.to_its_end(scene.life, step)
    assert n_provisional(scene.life.home) > 0
    scene.starter.to_its_end(scene.life, next(steps))


def n_provisional(home: Path) -> int:
    """How many rows stand in for users outside the vocabulary."""
    with closing(sqlite3.connect(home / "coldcast.db")) as connection:
        (n,) = connection.execute("select count(*) from provisional_users").fetchone()
    return int(n)
