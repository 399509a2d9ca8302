"""Dagster's daemon over a home, as `coldcast ui` starts it without the pages, and what its retrain sensor decides."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from data.home import Home
from orchestration.environments import use_home
from orchestration.web import WORKSPACE
from tests.browser.servers import wait_until

SENSOR = "new_users"
TICK_SECONDS = 240.0  # the first one waits for the code location, on a busy machine
RUN_SECONDS = 400.0


@contextmanager
def daemon(home: Home, log: Path) -> Iterator[dg.DagsterInstance]:
    """The daemon, up for the body of a ``with``; gives the instance that it works on."""
    use_home(home)
    with log.open("w") as messages, dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", "-w", str(WORKSPACE)],
            cwd=WORKSPACE.parent,
            stdout=messages,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield instance
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its code server and what it has launched go with it
            process.wait()


def retrain_asked_for(instance: dg.DagsterInstance, known: set[str]) -> dg.DagsterRun | str:
    """Wait until the sensor has looked at what is there now.

    Args:
        instance: The daemon's.
        known: Ids of the retrains before.

    Returns:
        The retrain it asked for, run to its end; or the sentence with which it left it.
    """
    now = time.time()
    wait_until(lambda: bool(_ticks(instance, after=now)), TICK_SECONDS, "a tick of the retrain sensor")
    tick = min(_ticks(instance, after=now), key=lambda one: one.timestamp)
    assert tick.error is None, tick.error
    asked = [run for run in instance.get_runs(dg.RunsFilter(job_name="retrain")) if run.run_id not in known]
    if not asked:
        return tick.skip_reason or ""
    (run,) = asked
    wait_until(lambda: _run(instance, run).is_finished, RUN_SECONDS, f"the end of retrain {run.run_id}")
    return _run(instance, run)


def _ticks(instance: dg.DagsterInstance, *, after: float) -> list[dg.InstigatorTick]:
    """Finished ticks of the sensor that began after a time."""
    return [
        tick
        for state in instance.all_instigator_state()
        if state.instigator_name == SENSOR
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id, after=after)
        if tick.is_completed
    ]


def _run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found
