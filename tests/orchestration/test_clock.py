"""A clock that goes back: a cool-down does not wait until it has caught up."""

from __future__ import annotations

import time

import dagster as dg
import pytest

from orchestration import requests
from orchestration.requests import past_runs
from orchestration.rules import not_yet
from tests.orchestration.worlds import past_run


@pytest.mark.parametrize(("hours", "waits"), [(24.0, False), (0.1, True)])
def test_a_run_that_ended_in_the_future_is_waited_for_no_longer_than_a_cool_down(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, hours: float, waits: bool
) -> None:
    past_run(instance, "retrain", dg.DagsterRunStatus.SUCCESS, data="a")
    earlier = time.time() - hours * 3600
    monkeypatch.setattr(requests.time, "time", lambda: earlier)
    past = past_runs(instance, "retrain")
    assert (not_yet(past, 60.0, rest_after_success=True) is not None) is waits
