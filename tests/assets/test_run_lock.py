"""One job at a time in a home."""

import os
from pathlib import Path

import dagster as dg
import pytest

from assets.dead_runs import PROCESS_TAG, this_process
from assets.run_lock import HomeBusy, RunLock, held, held_for_run
from data.home import Home


@dg.asset(required_resource_keys={"run_lock"})
def station() -> None:
    """A station that needs the home for itself."""


def run(home: Path) -> bool:
    return dg.materialize([station], resources={"run_lock": RunLock(home=str(home))}).success


def test_two_jobs_after_each_other_are_fine(tmp_path: Path) -> None:
    assert run(tmp_path)
    assert run(tmp_path)


def test_a_second_job_is_refused_while_the_first_holds_the_home(tmp_path: Path) -> None:
    @dg.asset(required_resource_keys={"run_lock"})
    def inner() -> None:
        with pytest.raises(dg.DagsterResourceFunctionError) as refused:
            run(tmp_path)
        assert isinstance(refused.value.__cause__, HomeBusy)
        assert f"held by process {os.getpid()}" in str(refused.value.__cause__)

    assert dg.materialize([inner], resources={"run_lock": RunLock(home=str(tmp_path))}).success


def test_two_homes_do_not_touch_each_other(tmp_path: Path) -> None:
    @dg.asset(required_resource_keys={"run_lock"})
    def inner() -> None:
        assert run(tmp_path / "other")

    assert dg.materialize([inner], resources={"run_lock": RunLock(home=str(tmp_path / "one"))}).success


def test_the_processes_of_one_run_share_what_the_first_of_them_holds(tmp_path: Path) -> None:
    """The first signs the run; its stations neither wait nor sign, and the lock outlasts them."""
    home = Home.resolve(tmp_path, {}).create()
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = instance.add_run(dg.DagsterRun(job_name="retrain", run_id="1" * 32)).run_id
        other = instance.add_run(dg.DagsterRun(job_name="retrain", run_id="2" * 32)).run_id
        with held_for_run(home, instance, run_id, wait_seconds=0):
            instance.add_run_tags(run_id, {PROCESS_TAG: "the first"})
            with held_for_run(home, instance, run_id, wait_seconds=0):
                pass
            with pytest.raises(HomeBusy), held_for_run(home, instance, other, wait_seconds=0):
                pytest.fail("two runs at once")
            assert tags(instance, run_id) == "the first"
        with held_for_run(home, instance, run_id, wait_seconds=0):  # nobody holds it for this run any more
            assert tags(instance, run_id) == this_process()
            with pytest.raises(HomeBusy), held(home, wait_seconds=0):
                pytest.fail("nobody else may")


def tags(instance: dg.DagsterInstance, run_id: str) -> str:
    """The process that a run is signed with."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags[PROCESS_TAG]
