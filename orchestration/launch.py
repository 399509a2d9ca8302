"""Start the jobs that sensors and schedules start, and wait for their end, with progress shown."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg
from rich.console import Console

from assets.dead_runs import PROCESS_TAG, report_dead_runs, this_process
from assets.ended_runs import end_in_mlflow
from assets.progress import Listener, Progress, listening, listening_to_children
from assets.resources import RegistryResource
from assets.run_lock import require_free
from data.home import Home
from orchestration.child_output import children_write_to
from orchestration.definitions import build_definitions
from orchestration.disk_errors import remedy
from orchestration.environments import use_home
from orchestration.executors import is_multiprocess
from orchestration.history import history
from orchestration.jobs import BESIDE_ANOTHER
from orchestration.launch_errors import JobFailed
from orchestration.terminal import Bars, plain_console

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
OUR_ROOMS = ("orchestration", "expectations", "assets", "models", "evaluation", "data")
# The last one tells of every station that a refusal skips; a run sets the level of "dagster" itself back again.
LOUD = ("dagster", "mlflow.store", "dagster._core.execution.plan.active")
CHILD_OUTPUT = "processes.log"  # in Dagster's folder: of the latest run of many processes
CODE = Path(__file__).resolve().parents[1]  # where every process of a run takes its code from
PARTITION_TAG = "dagster/partition"
INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")

Result: TypeAlias = dg.ExecuteInProcessResult | dg.JobExecutionResult


def run_job(
    home: Home,
    job: str,
    *,
    run_config: dict[str, Any],
    partition: str | None = None,
    assets: Sequence[str] | None = None,
    tags: dict[str, str] | None = None,
    console: Console | None = None,
) -> Result:
    """Run a job to its end; it appears in Dagster's history like any other run.

    Args:
        home: The home whose history and artefacts are used.
        job: ``retrain``, ``place_cold_items`` or another.
        run_config: Dagster run config; what stands under ``execution`` decides on one process or many.
        partition: The snapshot's key, for the jobs that have partitions.
        assets: Only these stations, or all of the job's.
        tags: Tags of the run.
        console: Where the bars are drawn; standard error if left out.

    Raises:
        JobFailed: Naming the station and the error, or the check and its finding.
        HomeBusy: If another job holds the home, and this one is none that runs beside it.
        StoreError: If Dagster's own database fails, for instance because the disk is full.
        KeyboardInterrupt: If the run was interrupted; Dagster has noted it as failed.
    """
    use_home(home)
    if job not in BESIDE_ANOTHER:
        require_free(home)  # sooner than the run would find out, so that no failed run is noted for it
    hush()
    launch = Launch(
        job,
        {**run_config, **QUIET},
        partition,
        [dg.AssetKey(asset) for asset in assets] if assets else None,
        {**(tags or {}), PROCESS_TAG: this_process()},
    )
    with Bars(console or plain_console(stderr=True)) as bars, history(home) as instance:
        registry = RegistryResource(home=str(home.root))
        report_dead_runs(instance)
        end_in_mlflow(instance, registry)
        result = launch.run(instance, bars.update)
        end_in_mlflow(instance, registry)
    if was_interrupted(result):
        raise KeyboardInterrupt
    if not result.success:
        raise JobFailed(failure_message(result))
    return result


def close_dead_runs(home: Home) -> None:
    """End the runs whose process was killed, in Dagster and in MLflow, where no job is started that would do it.

    Raises:
        StoreError: If Dagster's own database fails.
    """
    with history(home) as instance:
        report_dead_runs(instance)
        end_in_mlflow(instance, RegistryResource(home=str(home.root)))


def hush() -> None:
    """Keep the libraries' warnings off the terminal: what fails is told in one sentence."""
    for library in LOUD:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def job_of_the_command_line(name: str) -> dg.JobDefinition:
    """A job that is refused at once while another one holds the home."""
    return build_definitions(Progress(), lock_wait_seconds=0).resolve_job_def(name)


@dataclass(frozen=True)
class Launch:
    """One run to be made, as :func:`run_job` was asked for it."""

    job: str
    run_config: dict[str, Any]
    partition: str | None
    assets: list[dg.AssetKey] | None
    tags: dict[str, str]

    def run(self, instance: dg.DagsterInstance, listener: Listener) -> Result:
        """Run it to its end, in this process or with one for each station, as the run config has it."""
        if is_multiprocess(self.run_config):
            return self._in_many_processes(instance, listener)
        with listening(listener):
            return job_of_the_command_line(self.job).execute_in_process(
                instance=instance,
                partition_key=self.partition,
                run_config=self.run_config,
                tags=self.tags,
                asset_selection=self.assets,
                raise_on_error=False,
            )

    def _in_many_processes(self, instance: dg.DagsterInstance, listener: Listener) -> dg.JobExecutionResult:
        """Each process finds the job by the name of the function that makes it; what it prints goes to a file."""
        maker = job_of_the_command_line
        found = dg.build_reconstructable_job(
            maker.__module__,
            maker.__name__,
            reconstructable_args=(self.job,),
            reconstructor_working_directory=str(CODE),
        )
        partition = {} if self.partition is None else {PARTITION_TAG: self.partition}
        words = Path(instance.root_directory, CHILD_OUTPUT)
        with listening_to_children(listener), children_write_to(words):
            return dg.execute_job(
                found,
                instance=instance,
                run_config=self.run_config,
                tags={**self.tags, **partition},
                asset_selection=self.assets,
            )


def was_interrupted(result: Result) -> bool:
    """Whether the run ended because somebody pressed Ctrl-C."""
    return any(error.cls_name in INTERRUPTS for error in _errors(result))


def failure_message(result: Result) -> str:
    """One sentence: the failed check or station, and the innermost cause."""
    for event in result.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.blocking and check.severity is dg.AssetCheckSeverity.ERROR:
                station = check.asset_key.path[-1]
                return f"the check {check.check_name} on {station} stopped the run: {check.description}"
    for event in result.all_events:
        if event.is_step_failure:
            return f"{event.step_key} failed: {_cause(event.step_failure_data.error)}"
    first = next(_errors(result), None)
    if first is not None:
        return _cause(first)
    return f"run {result.run_id} failed; see it in `coldcast ui`"


def _errors(result: Result) -> Iterator[Any]:
    """What Dagster noted as the errors of steps and of the run itself, each with its causes."""
    for event in result.all_events:
        error: Any = getattr(event.event_specific_data, "error", None) if event.is_failure else None
        while error is not None:
            yield error
            error = error.cause


def _cause(error: Any) -> str:
    """The innermost cause in words: of our own errors, which speak for themselves, or else of all, with its class."""
    chain = []
    while error:
        chain.append(error)
        error = error.cause
    if not chain:
        return "no message"
    if chain[-1].cls_name == "ChildProcessCrashException":
        return (
            f"its process was killed, perhaps for want of memory; what it said is in dagster/{CHILD_OUTPUT}"
        )
    for one in reversed(chain):
        kind, _, rest = one.message.strip().partition(": ")
        if kind.rpartition(".")[0].partition(".")[0] in OUR_ROOMS and rest:
            told: str = rest
            return told
    message: str = chain[-1].message.strip()
    way_out = remedy(message)
    return f"{message}. {way_out}" if way_out else message
