"""The only Definitions object: a list, no logic."""

import dagster as dg

import expectations
from assets.bpr_embeddings import bpr_embeddings
from assets.cold_item_distributions import cold_item_distributions
from assets.evaluation_report import evaluation_report
from assets.interaction_snapshot import interaction_snapshot
from assets.item_embeddings import item_embeddings
from assets.progress import Progress
from assets.promotion import promotion
from assets.provisional_users import provisional_users
from assets.publication import publication
from assets.published_space import published_space
from assets.registered_model import registered_model
from assets.token_vectors import token_vectors
from assets.user_vocabulary_checkpoint import user_vocabulary_checkpoint
from assets.watch import watch
from orchestration.alerts import failed_runs
from orchestration.alias_sensor import champion_alias
from orchestration.arrival_sensors import new_users_fold_in, warming_items
from orchestration.environments import DAEMON_WAITS_SECONDS, resources
from orchestration.executors import one_or_many_processes
from orchestration.freshness import fresh
from orchestration.jobs import evaluate, extend, fold_in, place_cold_items, retrain, watch_published
from orchestration.requests import home_rule
from orchestration.schedules import hourly_watch, nightly_retrain
from orchestration.sensors import new_users, unplaced_items

ASSETS = [
    interaction_snapshot,
    bpr_embeddings,
    token_vectors,
    user_vocabulary_checkpoint,
    published_space,
    evaluation_report,
    registered_model,
    promotion,
    cold_item_distributions,
    item_embeddings,
    publication,
    provisional_users,
    watch,
]


def build_definitions(progress: Progress, *, lock_wait_seconds: float) -> dg.Definitions:
    """The graph, its jobs and what they need.

    Args:
        progress: Who is told about each station's advance.
        lock_wait_seconds: How long a run waits for another one in the same home.
    """
    return dg.Definitions(
        assets=fresh(ASSETS, home_rule()),
        asset_checks=dg.load_asset_checks_from_package_module(expectations),
        jobs=[retrain, extend, place_cold_items, fold_in, evaluate, watch_published],
        sensors=[new_users, unplaced_items, new_users_fold_in, warming_items, champion_alias, failed_runs],
        schedules=[nightly_retrain, hourly_watch],
        resources=resources(progress=progress, lock_wait_seconds=lock_wait_seconds),
        executor=one_or_many_processes(lock_wait_seconds=lock_wait_seconds),
    )


definitions = build_definitions(Progress(), lock_wait_seconds=DAEMON_WAITS_SECONDS)
