"""From a decision to a run request: keys that cannot fire twice, failed runs asked for again after a pause."""

import time
from typing import Any

import dagster as dg

from data.home import Home
from orchestration.rules import Decision, PastRun, attempt
from orchestration.settings import Settings

CONTENT_TAG = "coldcast/content"
REMEMBERED_RUNS = 50


def past_runs(instance: dg.DagsterInstance, job: str, content: str) -> list[PastRun]:
    """Earlier runs of a job for the same data, newest first.

    Args:
        instance: Dagster's history.
        job: The job's name.
        content: What the runs carry in their ``coldcast/content`` tag.
    """
    filters = dg.RunsFilter(job_name=job, tags={CONTENT_TAG: content})
    now = time.time()
    return [_past_run(record, now) for record in instance.get_run_records(filters, limit=REMEMBERED_RUNS)]


def _past_run(record: Any, now: float) -> PastRun:
    finished = record.dagster_run.is_finished
    ended = record.end_time or record.update_timestamp.timestamp()
    return PastRun(
        failed=finished and record.dagster_run.status is not dg.DagsterRunStatus.SUCCESS,
        ended_minutes_ago=max(0.0, (now - ended) / 60) if finished else None,
    )


def next_request(
    context: dg.SensorEvaluationContext | dg.ScheduleEvaluationContext,
    *,
    job: str,
    content: str,
    settings: Settings,
    trigger: str,
) -> dg.RunRequest | Decision:
    """The next run request for the data named by ``content``, or why there is none now.

    Args:
        context: Of the tick.
        job: The job to request.
        content: Names the data: the same data is asked for once, failed runs aside.
        settings: The home's settings.
        trigger: What asks; kept as a tag.
    """
    number = attempt(past_runs(context.instance, job, content), settings.rule().cool_down_minutes)
    if isinstance(number, Decision):
        return number
    return dg.RunRequest(
        run_key=f"{job}-{content[:16]}-{number}",
        run_config=settings.run_config(),
        tags={CONTENT_TAG: content, "coldcast/trigger": trigger},
    )


def home_settings() -> tuple[Home, Settings]:
    """The home of this process and its settings, read anew at each tick: changes need no restart."""
    home = Home.resolve().create()
    return home, Settings.read(home)
