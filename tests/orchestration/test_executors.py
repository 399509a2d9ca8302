"""One process or many: a setting of the home, honoured by whatever starts a job."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.run_lock import HomeBusy, held
from data.errors import InputError
from data.home import Home
from orchestration.definitions import definitions
from orchestration.environments import COMMAND_LINE, use_home
from orchestration.executors import ExecutionChoice, is_multiprocess, one_or_many_processes
from orchestration.jobs import PLACEMENT
from orchestration.launch import failure_message
from orchestration.settings import Settings
from tests.orchestration.worlds import Cli, open_store, untouched

MANY = "execution: {executor: multiprocess, max_concurrent: 2}\n"
IN_MANY = {"config": {"multiprocess": {"max_concurrent": 2}}}
JOBS = ("retrain", "place_cold_items", "evaluate")


def execution(job: str, run_config: dict[str, Any]) -> dict[str, Any]:
    """What Dagster makes of the run config's choice of an executor."""
    resolved = dg.validate_run_config(definitions.resolve_job_def(job), run_config)
    assert resolved is not None
    (chosen,) = resolved["execution"].values()
    return dict(chosen)


@pytest.mark.parametrize("job", JOBS)
def test_one_process_is_the_default_and_dagsters_own_config_chooses(home: Home, job: str) -> None:
    assert list(execution(job, {"ops": {}})) == ["in_process"]
    assert execution(job, {"execution": IN_MANY})["multiprocess"]["max_concurrent"] == 2


def test_assets_materialized_without_a_job_have_the_same_choice() -> None:
    for job in definitions.get_repository_def().get_all_jobs():
        assert job.executor_def.name == "one_or_many_processes", job.name


def test_the_homes_choice_is_part_of_every_run_config(home: Home) -> None:
    assert "execution" not in Settings.read(home).run_config()
    home.config_file.write_text(MANY)
    settings = Settings.read(home)
    assert settings.effective()["execution"] == {"executor": "multiprocess", "max_concurrent": 2}
    for run_config in (settings.run_config(), settings.run_config(only=("distributions",))):
        assert run_config["execution"] == IN_MANY
        assert is_multiprocess(run_config)
    one = Settings.read(home, None, ["execution.executor=in_process"])
    assert one.run_config()["execution"] == {"config": {"in_process": {}}}
    assert not is_multiprocess(one.run_config())


@pytest.mark.parametrize("job", ["retrain", "evaluate"])
def test_a_run_started_in_the_ui_takes_the_homes_choice(home: Home, job: str) -> None:
    home.config_file.write_text(MANY)
    given = definitions.resolve_job_def(job).partitioned_config
    assert given is not None
    assert given.get_run_config_for_partition_key("any")["execution"] == IN_MANY


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("execution.executor=celery", "executor must be one of in_process, multiprocess, got 'celery'"),
        ("execution.max_concurrent=0", "max_concurrent must be at least 1, got 0"),
    ],
)
def test_what_is_wrong_is_named(home: Home, assignment: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings.read(home, None, [assignment])


def test_as_many_processes_as_cores_unless_told_otherwise() -> None:
    assert ExecutionChoice("multiprocess").run_config() == {"config": {"multiprocess": {}}}


@dg.op
def work(context: dg.OpExecutionContext) -> None:
    """Takes no time."""
    if context.run.tags.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)


@dg.job(executor_def=one_or_many_processes(lock_wait_seconds=0))
def small_job() -> None:
    """A job of one step that is refused at once while another one holds the home."""
    work()


@pytest.mark.slow
def test_a_run_of_many_processes_holds_the_home_and_is_refused_by_name(
    home: Home, instance: dg.DagsterInstance
) -> None:
    found = dg.reconstructable(small_job)
    run_config = {"execution": IN_MANY}
    with held(home, wait_seconds=0), pytest.raises(HomeBusy, match=f"held by process {os.getpid()}"):
        dg.execute_job(found, instance=instance, run_config=run_config, raise_on_error=True)
    result = dg.execute_job(found, instance=instance, run_config=run_config)
    assert result.success
    note = home.run_lock.with_suffix(".pid").read_text()
    assert note == f"{os.getpid()}\n{result.run_id}"


@pytest.mark.slow
def test_a_process_that_was_killed_is_told_of_by_its_station(
    home: Home, instance: dg.DagsterInstance
) -> None:
    result = dg.execute_job(
        dg.reconstructable(small_job), instance, run_config={"execution": IN_MANY}, tags={"die": "yes"}
    )
    assert failure_message(result).startswith("work failed: its process was killed")


@pytest.fixture
def copied(trained_home: Cli, tmp_path: Path) -> Cli:
    """A trained home of its own, as it was before other tests added to it."""
    home = Home.resolve(tmp_path / "copy", {})
    shutil.copytree(untouched(trained_home), home.root)
    return Cli(home, trained_home.settings)


@pytest.fixture
def history(copied: Cli) -> Iterator[dg.DagsterInstance]:
    """Dagster's history of that home."""
    with dg.DagsterInstance.from_config(str(use_home(copied.home).dagster), COMMAND_LINE) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_retrain_of_many_processes_ends_green_and_publishes(
    copied: Cli, history: dg.DagsterInstance
) -> None:
    """From the gate on: the lock, MLflow's run tree, the artefacts and the bars go from process to process."""
    home = copied.home
    with open_store(home) as store:
        assert len(store.items_to_place(1)) == 0
    lose_vectors(home, items=3)
    (key,) = (path.name for path in (home.artifacts / "promotion").iterdir())
    shutil.rmtree(home.artifacts / "promotion" / key)
    home.config_file.write_text(MANY)
    told = copied.run("retrain")
    assert f"continuing snapshot {key} at promotion" in told
    assert "audiences" in told  # the bar of a station in another process
    with open_store(home) as store:
        assert len(store.items_to_place(1)) == 0
    (run, *_) = history.get_runs()
    assert (run.status, run.run_config["execution"]) == (dg.DagsterRunStatus.SUCCESS, IN_MANY)
    workers = processes_of(history, run.run_id)
    assert {"promotion", *PLACEMENT} <= set(workers)
    assert len(set(workers.values())) == len(workers)
    assert str(os.getpid()) not in workers.values()
    assert mlflow_states(home, run.run_id) == ["FINISHED", "FINISHED"]  # of the retrain, and of promotion


def lose_vectors(home: Home, *, items: int) -> None:
    """Take the vectors of a few items that were held out from the published version."""
    with closing(sqlite3.connect(home.root / "coldcast.db")) as connection, connection:
        lost = connection.execute(
            "delete from item_vectors where item_key in"
            " (select item_key from item_vectors where kind = 'held_out' limit ?)",
            (items,),
        )
        assert lost.rowcount == items


def processes_of(history: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Step -> the process that worked on it."""
    found = {}
    for record in history.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTED
    ).records:
        event = record.event_log_entry.dagster_event
        assert event is not None
        assert event.step_key is not None
        found[event.step_key] = str(event.engine_event_data.metadata["pid"].value)
    return found


def mlflow_states(home: Home, dagster_run: str) -> list[str]:
    """The states of a Dagster run's MLflow run and of those nested in it."""
    from assets.resources import RegistryResource

    registry = RegistryResource(home=str(home.root)).open()

    def search(client: Any, wanted: str) -> Any:
        return client.search_runs([registry.home.experiment_id], wanted)

    tree = registry.home.insist(lambda c: search(c, f"tags.`dagster.run_id` = '{dagster_run}'"), "searching")
    (parent,) = tree
    inside = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    nested = registry.home.insist(lambda c: search(c, inside), "searching")
    return [run.info.status for run in (parent, *nested)]
