"""Schedules: retrain anyway, once a night."""

import os

import dagster as dg

from assets.retrain_rule import Decision, RetrainRule
from data.home import Home
from orchestration.jobs import PARTITIONS, retrain
from orchestration.sensors import ask_for_retrain


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
    asked = ask_for_retrain(context, trigger="nightly")
    if isinstance(asked, Decision):
        return dg.SkipReason(asked.message)
    context.instance.add_dynamic_partitions(PARTITIONS, [asked.key])
    return asked.request
