"""How the user interfaces are started."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestration.web import servers_environment

LIMITS = (
    "from dagster._grpc import client as c; "
    "print(c.DEFAULT_SENSOR_GRPC_TIMEOUT, c.DEFAULT_SCHEDULE_GRPC_TIMEOUT)"
)


def limits() -> list[int]:
    """Seconds after which a Dagster that `coldcast ui` starts cuts off a sensor's and a schedule's tick."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITS], env=servers_environment(), capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


def test_a_tick_may_plan_a_retrain_of_a_large_store(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits() == [1800, 1800]
    monkeypatch.setenv("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "7200")
    assert limits() == [7200, 1800]
