"""A run whose process was killed does not hold its place for ever."""

from __future__ import annotations

import socket
import subprocess
import sys
from uuid import uuid4

import dagster as dg
import psutil
import pytest

from assets.dead_runs import BEGUN, BOOTING, KILLED_TAG, PROCESS_TAG, report_dead_runs, sign, this_process

STARTED = dg.DagsterRunStatus.STARTED


def enter(instance: dg.DagsterInstance, process: str | None, status: dg.DagsterRunStatus = STARTED) -> str:
    tags = {} if process is None else {PROCESS_TAG: process}
    run = dg.DagsterRun(job_name="retrain", run_id=str(uuid4()), status=status, tags=tags)
    return instance.add_run(run).run_id


def ended_process() -> str:
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return str(process.pid)


@pytest.mark.parametrize("status", BEGUN)
def test_a_run_of_a_process_that_is_gone_is_marked_as_failed(status: dg.DagsterRunStatus) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        dead = enter(instance, f"{socket.gethostname()}/{ended_process()}@1700000000", status)
        assert report_dead_runs(instance) == [dead]
        found = instance.get_run_by_id(dead)
        assert found is not None
        assert found.status is dg.DagsterRunStatus.FAILURE
        assert KILLED_TAG in found.tags
        assert report_dead_runs(instance) == []


@pytest.mark.parametrize("status", BEGUN)
def test_a_re_execution_that_boots_has_its_parents_process_and_is_left_alone(
    status: dg.DagsterRunStatus,
) -> None:
    tags = {PROCESS_TAG: f"{socket.gethostname()}/{ended_process()}@1700000000"}
    with dg.DagsterInstance.ephemeral() as instance:
        parent = enter(instance, None, dg.DagsterRunStatus.FAILURE)
        again = dg.DagsterRun(
            job_name="retrain",
            run_id=str(uuid4()),
            status=status,
            tags=tags,
            parent_run_id=parent,
            root_run_id=parent,
        )
        instance.add_run(again)
        assert report_dead_runs(instance) == ([] if status in BOOTING else [again.run_id])


def test_a_number_given_out_again_is_not_taken_for_the_same_process() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        name = this_process().partition("@")[0]
        reborn = enter(instance, f"{name}@7")
        assert report_dead_runs(instance) == [reborn]


@pytest.mark.parametrize("process", [None, "", "elsewhere/1@7"])
def test_of_a_process_elsewhere_nothing_is_known(process: str | None) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        enter(instance, process)
        enter(instance, this_process())
        assert report_dead_runs(instance) == []


def test_a_run_that_has_ended_stays_as_it_was() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        dead = f"{socket.gethostname()}/{ended_process()}@1"
        enter(instance, dead, dg.DagsterRunStatus.SUCCESS)
        assert report_dead_runs(instance) == []


@pytest.mark.parametrize("process", [None, "", "elsewhere/1@7", "gone"])
def test_whoever_works_for_a_run_signs_it(process: str | None) -> None:
    """Also where a re-execution has its parent's tags, whose process is gone."""
    gone = f"{socket.gethostname()}/{ended_process()}@1700000000"
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = enter(instance, gone if process == "gone" else process)
        sign(instance, run_id)
        assert process_of(instance, run_id) == this_process()


def test_a_stations_own_process_leaves_the_name_of_the_one_that_started_it() -> None:
    """Its end is not the run's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as starter:
        born = psutil.Process(starter.pid).create_time()
        name = f"{socket.gethostname()}/{starter.pid}@{born:.0f}"
        with dg.DagsterInstance.ephemeral() as instance:
            run_id = enter(instance, name)
            sign(instance, run_id)
            assert process_of(instance, run_id) == name


def process_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """The process that a run is signed with."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags[PROCESS_TAG]
