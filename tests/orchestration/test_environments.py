"""What the environment may say, and what is refused before any run starts."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._daemon.monitoring import run_monitoring

from data.errors import InputError
from data.home import Home
from orchestration.environments import START_SECONDS, THREADS_VARIABLE, use_home
from orchestration.requests import past_runs
from orchestration.rules import not_yet
from tests.orchestration.worlds import Cli, past_run


@pytest.mark.parametrize("value", ["abc", "1.5", "-1", " "])
@pytest.mark.parametrize("command", ["retrain", "place"])
def test_threads_that_are_no_number_are_refused_in_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: str, value: str
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    told = Cli(home).run(command, code=1)
    assert told.startswith("Error: COLDCAST_THREADS must be a whole number of threads, at least 0 ")
    assert f"got {value!r}" in told
    assert not list(home.dagster.iterdir())


@pytest.mark.parametrize("value", ["", "0", "2"])
def test_numbers_of_threads_are_accepted(home: Home, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    assert use_home(home) == home


def test_a_changed_environment_is_seen_at_the_next_command(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "many")
    with pytest.raises(InputError, match="'many'"):
        use_home(home)
    monkeypatch.delenv(THREADS_VARIABLE)
    use_home(home)


@pytest.mark.slow
def test_a_launched_run_that_never_started_does_not_hold_its_place_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine lost power between the launch of a run and its first line: no process has signed it."""
    use_home(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert "MONITORING" in instance.get_required_daemon_types()
        run = past_run(instance, "retrain", dg.DagsterRunStatus.NOT_STARTED, data="a")
        instance.report_dagster_event(
            dg.DagsterEvent("PIPELINE_STARTING", "retrain", message="launched"), run_id=run.run_id
        )
        daemon = SimpleNamespace(instance=instance, create_request_context=lambda: None)

        def look() -> bool:
            """One round of Dagster's own watch over runs; whether the run still holds its place."""
            list(run_monitoring.execute_run_monitoring_iteration(daemon, logging.getLogger("dagster")))
            return not_yet(past_runs(instance, "retrain"), 0, rest_after_success=True) is not None

        assert look()
        later = time.time() + START_SECONDS + 1
        monkeypatch.setattr(run_monitoring, "get_current_timestamp", lambda: later)
        assert not look()


@pytest.mark.slow
def test_a_run_that_is_being_cancelled_takes_its_time_and_is_no_error_of_the_daemon(home: Home) -> None:
    use_home(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        run = past_run(instance, "retrain", dg.DagsterRunStatus.STARTED, data="a")
        instance.report_run_canceling(run)
        daemon = SimpleNamespace(instance=instance, create_request_context=lambda: None)
        errors = list(run_monitoring.execute_run_monitoring_iteration(daemon, logging.getLogger("dagster")))
        assert errors == [None]
        now = instance.get_run_by_id(run.run_id)
        assert now is not None
        assert now.status is dg.DagsterRunStatus.CANCELING
