"""One job at a time in a home."""

import os
from pathlib import Path

import dagster as dg
import pytest

from assets.run_lock import HomeBusy, RunLock


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
