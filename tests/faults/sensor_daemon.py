"""Dagster's sensor daemon as a program: evaluates the sensors of a home until one has completed a tick.

Run: ``python -m tests.faults.sensor_daemon HOME SENSOR [POINT]``. With a point the daemon kills itself there with
signal 9, by Dagster's own hook for this: RUN_CREATED lies between the sensor's decision and its launch, RUN_LAUNCHED
between the launch and the cursor.
"""

from __future__ import annotations

import logging
import signal
import sys
import time

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.sensor import execute_sensor_iteration

from data.home import Home
from orchestration.environments import use_home
from orchestration.web import WORKSPACE

SECONDS = 300.0


def main() -> None:
    """Evaluate, once a second."""
    root, name, *points = sys.argv[1:]
    home = use_home(Home.resolve(root))
    flags = {name: dict.fromkeys(points, signal.SIGKILL)} if points else None
    logger = logging.getLogger("sensor daemon")
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        before = _finished_ticks(instance, name)
        with WorkspaceProcessContext(instance, WorkspaceFileTarget([str(WORKSPACE)])) as context:
            deadline = time.monotonic() + SECONDS
            while _finished_ticks(instance, name) == before:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the sensor {name} ended no tick within {SECONDS:.0f} s")
                list(execute_sensor_iteration(context, logger, None, None, debug_crash_flags=flags))
                time.sleep(1)


def _finished_ticks(instance: dg.DagsterInstance, name: str) -> int:
    return sum(
        tick.is_completed
        for state in instance.all_instigator_state()
        if state.instigator_name == name
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
    )


if __name__ == "__main__":
    main()
