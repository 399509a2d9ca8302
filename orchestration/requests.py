"""From a decision to a run request: keys that cannot fire twice, failed runs asked for again after a pause."""

import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.dead_runs import report_dead_runs
from assets.retrain_rule import Decision, RetrainRule
from data.home import Home
from orchestration.rules import PastRun, attempt
from orchestration.settings import Settings

DATA_TAG = "coldcast/data"
TRIGGER_TAG = "coldcast/trigger"
FIRED_TAG = "coldcast/fired"  # names of the rule's thresholds that were reached
LOOKED_AT = 20  # newest runs of a job: what is under way and what ended last are among them, also after a year of runs
BY_ITSELF = ("nightly", "new users")  # triggers behind which nobody waits to start it again


def past_runs(instance: dg.DagsterInstance, *jobs: str) -> list[PastRun]:
    """The newest runs of each of some jobs, newest first, however they were started.

    Args:
        instance: Dagster's history.
        jobs: The jobs' names.

    Returns:
        At most :data:`LOOKED_AT` of each; one whose process is gone has failed.
    """
    report_dead_runs(instance)
    now = time.time()
    return [_past_run(record, now) for record in _records(instance, jobs, each=LOOKED_AT)]


def runs_about(instance: dg.DagsterInstance, data: str, *jobs: str) -> list[PastRun]:
    """All earlier runs of some jobs that were about some data, newest first, however long ago."""
    now = time.time()
    return [_past_run(record, now) for record in _records(instance, jobs, tags={DATA_TAG: data})]


def last_request_failed(instance: dg.DagsterInstance, *jobs: str) -> bool:
    """Whether the newest run of some jobs was requested by a sensor or schedule and has failed."""
    newest = _records(instance, jobs, each=1)[:1]
    return any(
        record.dagster_run.status is dg.DagsterRunStatus.FAILURE
        and record.dagster_run.tags.get(TRIGGER_TAG) in BY_ITSELF
        for record in newest
    )


def request_run(
    past: list[PastRun],
    *,
    job: str,
    data: str,
    run_config: dict[str, Any],
    trigger: str,
    stations: Sequence[str] | None = None,
) -> dg.RunRequest | Decision:
    """The next run request for some data, or why there is none.

    Args:
        past: Earlier runs about this data, all of them ended.
        job: The job to request.
        data: Names the data: the same data is asked for once, failed runs aside.
        run_config: Of the job.
        trigger: What asks; kept as a tag.
        stations: The stations to run; all of the job's if left out.
    """
    number = attempt(past, data)
    if isinstance(number, Decision):
        return number
    return dg.RunRequest(
        run_key=f"{job}-{data}-{number}",
        run_config=run_config,
        tags={DATA_TAG: data, TRIGGER_TAG: trigger},
        asset_selection=None if stations is None else [dg.AssetKey(station) for station in stations],
    )


def home_settings() -> tuple[Home, Settings]:
    """The home of this process and its settings, read anew at each tick: changes need no restart."""
    home = Home.resolve().create()
    return home, Settings.read(home)


def home_rule() -> RetrainRule:
    """The rule of this home, for what is read once, when the code location loads."""
    home = Home.resolve()
    return Settings.read(home).rule() if home.config_file.exists() else RetrainRule()


def _records(
    instance: dg.DagsterInstance,
    jobs: Sequence[str],
    *,
    each: int | None = None,
    tags: dict[str, str] | None = None,
) -> list[dg.RunRecord]:
    """Dagster's records of the runs of some jobs, newest first, at most ``each`` of a job, with all the tags."""
    found = [
        record
        for job in jobs
        for record in instance.get_run_records(dg.RunsFilter(job_name=job, tags=tags), limit=each)
    ]
    return sorted(found, key=lambda record: record.storage_id, reverse=True)


def _past_run(record: Any, now: float) -> PastRun:
    run = record.dagster_run
    ended = record.end_time or record.update_timestamp.timestamp()
    return PastRun(
        data=run.tags.get(DATA_TAG, ""),
        failed=run.is_finished and run.status is not dg.DagsterRunStatus.SUCCESS,
        # an end in the future is a clock that went back: by less than a cool-down it waits, by more it does not
        ended_minutes_ago=abs(now - ended) / 60 if run.is_finished else None,
    )
