"""Start the jobs that sensors and schedules start, in this process, with progress shown."""

import logging
from collections.abc import Sequence
from typing import Any

import dagster as dg
from rich.console import Console

from assets.progress import Progress
from data.home import Home
from orchestration.definitions import build_definitions
from orchestration.environments import resources, use_home
from orchestration.launch_errors import JobFailed
from orchestration.terminal import Bars

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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
    """
    use_home(home)
    logging.getLogger("dagster").setLevel(logging.ERROR)  # what fails is told in one sentence below
    with Bars(console or Console(stderr=True)) as bars:
        progress = Progress().listen(bars.update)
        definitions = build_definitions(resources(progress=progress, lock_wait_seconds=0))
        with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=partition,
                run_config={**run_config, **QUIET},
                tags=tags,
                asset_selection=[dg.AssetKey(a) for a in assets] if assets else None,
                raise_on_error=False,
            )
    if not result.success:
        raise JobFailed(failure_message(result))
    return result


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
            error = event.step_failure_data.error
            while error and error.cause:
                error = error.cause
            message = error.message.strip() if error else "no message"
            return f"{event.step_key} failed: {message}"
    for event in result.all_events:
        if event.is_failure and event.message:
            return event.message
    return f"run {result.run_id} failed; see it in `coldcast ui`"
