"""Dagster's history as the sensors read it."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.dead_runs import PROCESS_TAG
from assets.retrain_rule import Decision
from orchestration.requests import LOOKED_AT, last_request_failed, past_runs, request_run, runs_about
from orchestration.rules import PastRun
from tests.orchestration.worlds import past_run

FAILURE, SUCCESS, STARTED = (
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.STARTED,
)


def test_runs_of_other_jobs_are_not_looked_at(instance: dg.DagsterInstance) -> None:
    past_run(instance, "place_cold_items", FAILURE, data="a")
    assert past_runs(instance, "retrain") == []


def test_runs_of_two_jobs_stand_in_one_row(instance: dg.DagsterInstance) -> None:
    past_run(instance, "retrain", FAILURE, data="a")
    past_run(instance, "extend", SUCCESS, data="b", trigger="command line")
    assert [run.data for run in past_runs(instance, "retrain", "extend")] == ["b", "a"]
    assert last_request_failed(instance, "retrain")
    assert not last_request_failed(instance, "retrain", "extend")  # somebody has done something about it


def test_of_a_years_runs_the_newest_are_read_and_those_about_the_data(
    instance: dg.DagsterInstance,
) -> None:
    """A tick reads as much after a year as on the first day, and still knows what was done long ago."""
    past_run(instance, "fold_in", SUCCESS, data="long ago")
    for number in range(LOOKED_AT):
        past_run(instance, "fold_in", SUCCESS, data=f"{number}")
    assert len(past_runs(instance, "fold_in")) == LOOKED_AT
    assert runs_about(instance, "never", "fold_in") == []
    (found,) = runs_about(instance, "long ago", "fold_in")
    assert (found.data, found.failed) == ("long ago", False)
    assert runs_about(instance, "long ago", "retrain") == []


@pytest.mark.parametrize("status", [FAILURE, SUCCESS, dg.DagsterRunStatus.CANCELED])
def test_an_ended_run_says_when_and_how(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    past_run(instance, "retrain", status, data="a")
    (found,) = past_runs(instance, "retrain")
    assert (found.data, found.failed) == ("a", status is not SUCCESS)
    assert found.ended_minutes_ago == pytest.approx(0, abs=1)


def test_a_run_under_way_has_not_ended(instance: dg.DagsterInstance) -> None:
    past_run(instance, "retrain", STARTED, data="a")
    assert past_runs(instance, "retrain") == [PastRun("a", failed=False, ended_minutes_ago=None)]


def test_a_run_whose_process_was_killed_has_failed(instance: dg.DagsterInstance) -> None:
    import socket

    past_run(instance, "retrain", STARTED, data="a", tags={PROCESS_TAG: f"{socket.gethostname()}/1@7"})
    (found,) = past_runs(instance, "retrain")
    assert found.failed
    assert found.ended_minutes_ago == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("status", "trigger", "expected"),
    [
        (FAILURE, "nightly", True),
        (FAILURE, "new users", True),
        (FAILURE, "command line", False),
        (SUCCESS, "nightly", False),
        (dg.DagsterRunStatus.CANCELED, "nightly", False),
    ],
)
def test_only_what_was_requested_and_failed_is_retried(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, trigger: str, expected: bool
) -> None:
    assert not last_request_failed(instance, "retrain")
    past_run(instance, "retrain", status, trigger=trigger)
    assert last_request_failed(instance, "retrain") is expected


def test_a_request_names_its_data_its_attempt_and_its_stations() -> None:
    past = [PastRun("a", failed=True, ended_minutes_ago=99.0)]
    request = request_run(
        past, job="retrain", data="a", run_config={}, trigger="nightly", stations=("promotion", "publication")
    )
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == "retrain-a-1"
    assert request.tags == {"coldcast/data": "a", "coldcast/trigger": "nightly"}
    assert request.asset_selection == [dg.AssetKey("promotion"), dg.AssetKey("publication")]


def test_finished_data_are_refused() -> None:
    past = [PastRun("a", failed=False, ended_minutes_ago=99.0)]
    assert isinstance(request_run(past, job="retrain", data="a", run_config={}, trigger="nightly"), Decision)
