"""Start the jobs that sensors and schedules start, in this process, with progress shown."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from rich.console import Console

from assets.dead_runs import PROCESS_TAG, report_dead_runs, this_process
from assets.progress import Progress, listening
from assets.run_lock import require_free
from data.home import Home
from data.store.connection import parsed_url, told_plainly
from orchestration.definitions import build_definitions
from orchestration.environments import COMMAND_LINE, resources, use_home
from orchestration.launch_errors import JobFailed
from orchestration.terminal import Bars

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
OUR_ROOMS = ("orchestration", "expectations", "assets", "models", "evaluation", "data")
LOUD = ("dagster", "mlflow.store")
INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def run_job(
    home: Home,
    job: str,
    *,
    run_config: dict[str, Any],
    partition: str | None = None,
    assets: Sequence[str] | None = None,
    tags: dict[str, str] | None = None,
    console: Console | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job to its end in this process; it appears in Dagster's history like any other run.

    Args:
        home: The home whose history and artefacts are used.
        job: ``retrain``, ``place_cold_items`` or ``evaluate``.
        run_config: Dagster run config.
        partition: The snapshot's key, for the jobs that have partitions.
        assets: Only these stations, or all of the job's.
        tags: Tags of the run.
        console: Where the bars are drawn; standard error if left out.

    Raises:
        JobFailed: Naming the station and the error, or the check and its finding.
        HomeBusy: If another job holds the home.
        StoreError: If Dagster's own database fails, for instance because the disk is full.
        KeyboardInterrupt: If the run was interrupted; Dagster has noted it as failed.
    """
    use_home(home)
    require_free(home)  # sooner than the run would find out, so that no failed run is noted for it
    for library in LOUD:
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what fails is told in one sentence below
    with Bars(console or Console(stderr=True)) as bars, listening(bars.update):
        definitions = build_definitions(resources(progress=Progress(), lock_wait_seconds=0))
        with (
            told_plainly(parsed_url(home.dagster_url or f"sqlite:///{home.dagster / 'history'}")),
            dg.DagsterInstance.from_config(str(home.dagster), COMMAND_LINE) as instance,
        ):
            report_dead_runs(instance)
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=partition,
                run_config={**run_config, **QUIET},
                tags={**(tags or {}), PROCESS_TAG: this_process()},
                asset_selection=[dg.AssetKey(a) for a in assets] if assets else None,
                raise_on_error=False,
            )
    if was_interrupted(result):
        raise KeyboardInterrupt
    if not result.success:
        raise JobFailed(failure_message(result))
    return result


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the run ended because somebody pressed Ctrl-C."""
    return any(error.cls_name in INTERRUPTS for error in _errors(result))


def failure_message(result: dg.ExecuteInProcessResult) -> str:
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


def _errors(result: dg.ExecuteInProcessResult) -> Iterator[Any]:
    """What Dagster noted as the errors of steps and of the run itself, each with its causes."""
    for event in result.all_events:
        error: Any = getattr(event.event_specific_data, "error", None) if event.is_failure else None
        while error is not None:
            yield error
            error = error.cause


def _cause(error: Any) -> str:
    """The innermost cause in words; the class is named where it is not one of ours, which speak for themselves."""
    while error and error.cause:
        error = error.cause
    message: str = error.message.strip() if error else "no message"
    kind, _, rest = message.partition(": ")
    return rest if kind.rpartition(".")[0].partition(".")[0] in OUR_ROOMS and rest else message
