"""What a failed job says, and that a refusal is no failure."""

import logging
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from assets.run_lock import HomeBusy, RunLock
from data.errors import InputError, StoreError
from data.home import Home
from orchestration.environments import COMMAND_LINE, use_home
from orchestration.launch import LOUD, QUIET, failure_message, hush, was_interrupted
from tests.orchestration.worlds import Cli


def run(*definitions: Any, resources: dict[str, Any] | None = None) -> dg.ExecuteInProcessResult:
    """Run a few stations as :func:`orchestration.launch.run_job` runs the real ones."""
    assets = [one for one in definitions if not isinstance(one, dg.AssetChecksDefinition)]
    checks = [one for one in definitions if isinstance(one, dg.AssetChecksDefinition)]
    job = dg.define_asset_job("job", executor_def=dg.in_process_executor)
    whole = dg.Definitions(assets=assets, asset_checks=checks, jobs=[job], resources=resources or {})
    return whole.resolve_job_def("job").execute_in_process(raise_on_error=False, run_config=QUIET)


@dg.asset
def kettle() -> int:
    """A station that works."""
    return 1


def test_a_failed_station_is_named_with_its_innermost_cause() -> None:
    @dg.asset
    def stove() -> None:
        try:
            raise InputError("gas.csv, row 3: no gas. Remedy: pay the bill")
        except InputError as error:
            raise RuntimeError("the stove is cold") from error

    result = run(kettle, stove)
    assert not result.success
    assert failure_message(result) == "stove failed: gas.csv, row 3: no gas. Remedy: pay the bill"
    assert not was_interrupted(result)


def test_our_error_stands_before_the_drivers_error_that_it_came_from() -> None:
    @dg.asset
    def stove() -> None:
        try:
            raise OSError("the connection is lost")
        except OSError as error:
            raise StoreError("the database failed. Remedy: check that the server runs") from error

    assert (
        failure_message(run(stove)) == "stove failed: the database failed. Remedy: check that the server runs"
    )


def test_an_error_of_somebody_else_keeps_its_class() -> None:
    @dg.asset
    def stove() -> None:
        raise KeyError("gas")

    assert failure_message(run(stove)) == "stove failed: KeyError: 'gas'"


def test_a_disk_without_room_is_told_with_the_way_out() -> None:
    @dg.asset
    def stove() -> None:
        with open("/dev/full", "w") as file:
            file.write("soup")

    assert failure_message(run(stove)) == (
        "stove failed: OSError: [Errno 28] No space left on device. Free disk space and start the same command "
        "again; what was finished is kept whole"
    )


def test_a_failed_blocking_check_is_named_with_its_finding() -> None:
    @dg.asset_check(asset=kettle, blocking=True)
    def is_full() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="0 litres, at least 1 wanted")

    @dg.asset(deps=[kettle])
    def tea() -> None:
        raise AssertionError("must not be made")

    result = run(kettle, tea, is_full)
    assert not result.success
    assert (
        failure_message(result) == "the check is_full on kettle stopped the run: 0 litres, at least 1 wanted"
    )


def test_a_failed_check_that_does_not_block_stops_nothing() -> None:
    @dg.asset_check(asset=kettle)
    def is_pretty() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    assert run(kettle, is_pretty).success


def test_a_busy_home_is_told_in_its_own_words(home: Home) -> None:
    @dg.asset(required_resource_keys={"run_lock"})
    def stove() -> None:
        """Needs the home for itself."""

    from assets.run_lock import held

    with held(home, wait_seconds=0):
        result = run(stove, resources={"run_lock": RunLock(home=str(home.root))})
    assert not result.success
    assert failure_message(result).startswith("another job is running in this home (lock ")
    assert HomeBusy.__name__ not in failure_message(result)


@dg.asset(output_required=False)
def refusing() -> Iterator[dg.Output[int]]:
    """A station that leaves nothing to those after it."""
    yield from ()


@dg.asset
def skipped(refusing: int) -> int:
    """A station after it, with a check of its own."""
    return refusing


@dg.asset_check(asset=skipped, blocking=True)
def sound(skipped: int) -> dg.AssetCheckResult:
    """Never made."""
    return dg.AssetCheckResult(passed=skipped > 0)


@dg.asset
def last(skipped: int) -> None:
    """Waits for the check."""


def test_stations_skipped_by_a_refusal_are_silent(caplog: pytest.LogCaptureFixture) -> None:
    levels = {name: logging.getLogger(name).level for name in LOUD}
    try:
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.NOTSET)
        assert run(refusing, skipped, sound, last).success
        assert "emitted no result" in caplog.text  # what is to be kept off the terminal
        caplog.clear()
        hush()
        assert run(refusing, skipped, sound, last).success
        assert "emitted no result" not in caplog.text
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def history(trained_home: Cli) -> Iterator[dg.DagsterInstance]:
    """Dagster's history of the trained home."""
    with dg.DagsterInstance.from_config(str(use_home(trained_home.home).dagster), COMMAND_LINE) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_refusal_is_a_green_run_with_its_reason(history: dg.DagsterInstance) -> None:
    (first,) = [run for run in history.get_runs() if run.job_name == "retrain"][-1:]  # it was refused
    assert first.status is dg.DagsterRunStatus.SUCCESS
    assert first.tags["coldcast/trigger"] == "command line"
    assert first.tags["purpose"] == "retrain"
    found = history.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=dg.AssetKey("promotion"), asset_partitions=[first.tags["dagster/partition"]]
        ),
        limit=1,
    )
    (record,) = found.records
    assert record.asset_materialization is not None
    metadata = record.asset_materialization.metadata
    assert metadata["promoted"].value is False
    assert str(metadata["reason"].value).startswith("there is no champion yet")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_damaged_artefact_stops_the_evaluation_by_its_name(trained_home: Cli) -> None:
    folder = trained_home.home.artifacts / "bpr_embeddings"
    (key,) = sorted(path.name for path in folder.iterdir())[:1]
    file = folder / key / "collaborative_embeddings.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    try:
        told = trained_home.run("evaluate", "--snapshot", key, code=1)
    finally:
        file.write_bytes(whole)
    assert f"the artefact bpr_embeddings/{key} is damaged: collaborative_embeddings.npz" in told
    assert "Cold items: ranked among all held-out cold items" in trained_home.run(
        "evaluate", "--snapshot", key, "--set", "evaluation.references=false"
    )
