"""kill -9 of the daemon between a sensor's decision and its cursor: one decision is one run, whenever it dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from data.home import Home
from tests.faults.homes import PATIENCE_SECONDS, REPOSITORY
from tests.orchestration.worlds import add_items, filled, publish_all

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SENSOR = "unplaced_items"


def daemon(home: Home, *points: str) -> int:
    """Run the daemon for a tick; returns its exit code, and ends what it has started."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COLDCAST_", "DAGSTER_HOME"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sensor_daemon", str(home.root), SENSOR, *points],
        cwd=REPOSITORY,
        env=own,
        start_new_session=True,
    )
    try:
        return process.wait(PATIENCE_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_keys(home: Home) -> list[str]:
    """The keys of all runs that sensors have asked for."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        return [run.tags["dagster/run_key"] for run in instance.get_runs() if "dagster/run_key" in run.tags]


@pytest.mark.parametrize("point", ["RUN_CREATED", "RUN_LAUNCHED"])
def test_a_daemon_killed_between_decision_and_cursor_asks_for_one_run(tmp_path: Path, point: str) -> None:
    home = Home.resolve(tmp_path / "home", {}).create()
    filled(home)
    publish_all(home)
    add_items(home, new_1="Cheese and law")
    assert daemon(home, point) == -signal.SIGKILL
    (key,) = run_keys(home)  # the decision has left its run, and no tick has ended
    assert key.startswith("place_cold_items-")
    for _ in range(2):  # the interrupted tick is taken up again; the next one finds the run
        assert daemon(home) == 0
        assert run_keys(home) == [key]
