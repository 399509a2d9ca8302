"""Schedules: retrain anyway, once a night; look at what is published, once an hour."""

from typing import Any

import dagster as dg

from assets.retrain_rule import Decision, RetrainRule
from data.store.store import Store
from orchestration.jobs import PARTITIONS, retrain, watch_published
from orchestration.requests import home_rule, home_settings, past_runs
from orchestration.sensors import ask_for_retrain


@dg.schedule(
    job=retrain,
    cron_schedule=home_rule().nightly,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Retrains each night if anything is new.",
)
def nightly_retrain(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Plan the snapshot and request its retrain, unless nothing changed."""
    asked = ask_for_retrain(context, trigger="nightly")
    if isinstance(asked, Decision):
        return dg.SkipReason(asked.message)
    context.instance.add_dynamic_partitions(PARTITIONS, [asked.key])
    return asked.request


@dg.schedule(
    job=watch_published,
    cron_schedule=home_rule().watch,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Measures what is published each hour, if anything is.",
)
def hourly_watch(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a look, unless nothing is published or one is under way."""
    home, settings = home_settings()
    with Store.open(home.database_url) as store:
        if store.current_publication() is None:
            return dg.SkipReason("nothing is published yet, so there is nothing to look at")
    if any(run.ended_minutes_ago is None for run in past_runs(context.instance, "watch_published")):
        return dg.SkipReason("a look is queued or under way")
    return dg.RunRequest(run_config=watch_config(settings.rule()))


def watch_config(rule: RetrainRule) -> dict[str, Any]:
    """Run config of the watch: users count from as many interactions on as for the retrain."""
    return {"ops": {"watch": {"config": {"min_interactions": rule.min_interactions}}}}
