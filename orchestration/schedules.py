"""Schedules: retrain anyway, once a night."""

import os

import dagster as dg

from data.home import Home
from orchestration.jobs import retrain
from orchestration.requests import home_settings, next_request
from orchestration.rules import Decision, RetrainRule


def nightly_cron() -> str:
    """The cron expression of this home; read when the code location loads."""
    from orchestration.settings import Settings

    home = Home.resolve()
    return Settings.read(home).rule().nightly if os.path.exists(home.config_file) else RetrainRule().nightly


@dg.schedule(
    job=retrain,
    cron_schedule=nightly_cron(),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Retrains each night if anything is new.",
)
def nightly_retrain(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Plan the snapshot and request its retrain, unless nothing changed."""
    from orchestration.retraining import PARTITIONS, plan_retrain

    home, settings = home_settings()
    plan = plan_retrain(home, settings)
    if not plan.stations:
        return dg.SkipReason(plan.reason)
    request = next_request(
        context, job="retrain", content=plan.plan.content_hash, settings=settings, trigger="nightly"
    )
    if isinstance(request, Decision):
        return dg.SkipReason(request.message)
    context.instance.add_dynamic_partitions(PARTITIONS, [plan.plan.key])
    return request.with_replaced_attrs(partition_key=plan.plan.key)
