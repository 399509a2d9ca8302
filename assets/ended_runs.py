"""What has ended in Dagster has ended in MLflow: neither a killed process nor a run that a check stops can say so."""

import logging
from typing import TYPE_CHECKING

import dagster as dg

from assets.dead_runs import KILLED_TAG
from assets.registry_errors import RegistryUnavailable
from assets.resources import RegistryResource, patience_seconds

if TYPE_CHECKING:
    from assets.tracking import End

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5.0  # for MLflow; whoever comes next makes up for what is missed


def end_in_mlflow(instance: dg.DagsterInstance, registry: RegistryResource) -> dict[str, "End"]:
    """End every MLflow run that still counts as running although its Dagster run has ended.

    Runs of a Dagster that this history does not know are somebody else's and stay as they are.

    Args:
        instance: Dagster's history.
        registry: Where MLflow is; while it is away nothing happens.

    Returns:
        How the MLflow runs of each Dagster run were ended.
    """
    ended: dict[str, End] = {}
    try:
        tracking = registry.open(retry_seconds=min(WAIT_SECONDS, patience_seconds())).tracking
        for dagster_run, runs in tracking.running().items():
            run = instance.get_run_by_id(dagster_run)
            if run is not None and run.is_finished:
                ended[dagster_run] = _end_of(run)
                tracking.end(runs, ended[dagster_run])
    except RegistryUnavailable as error:
        logger.info("runs that have ended may still count as running: %s", error)
    return ended


def _end_of(run: dg.DagsterRun) -> "End":
    if run.status is dg.DagsterRunStatus.SUCCESS:
        return "FINISHED"
    killed = run.status is dg.DagsterRunStatus.CANCELED or KILLED_TAG in run.tags
    return "KILLED" if killed else "FAILED"
