"""Two retrains started at the same moment: one of them runs, the other names it, and there is one version."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.store.store import Store
from tests.fakes import tiny_encoder
from tests.faults.chaos_replay import replay
from tests.faults.homes import run_states
from tests.faults.invariants import Life
from tests.faults.runs import Starter

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


def test_of_two_retrains_started_at_once_one_runs(tmp_path: Path, room: Path) -> None:
    steps = replay(tmp_path / "files", tiny_encoder(tmp_path / "encoder"), seed=2)
    life, starter = Life(room / "home"), Starter(tmp_path)
    starter.to_its_end(life, steps[0])
    runs = [starter.start(life.home, steps[1]) for _ in range(2)]
    for run in runs:
        assert not run.watch()
    first, second = sorted(runs, key=lambda run: run.process.exitcode or 0)
    first.ended_well()
    assert second.process.exitcode == 1
    said = second.log.read_text()
    assert f"held by process {first.process.pid}" in said
    assert "Traceback" not in said
    life.look([steps[1].events])
    with Store.open(f"sqlite:///{life.home / 'coldcast.db'}") as store:
        assert len(store.snapshots()) == 1
    assert run_states(life.home).count("SUCCESS") == 1
    assert set(run_states(life.home)) <= {"SUCCESS", "FAILURE"}
