"""The only Definitions object: a list, no logic."""

from typing import Any

import dagster as dg

import expectations
from assets.bpr_embeddings import bpr_embeddings
from assets.cold_item_distributions import cold_item_distributions
from assets.evaluation_report import evaluation_report
from assets.interaction_snapshot import interaction_snapshot
from assets.item_embeddings import item_embeddings
from assets.progress import Progress
from assets.promotion import promotion
from assets.publication import publication
from assets.registered_model import registered_model
from assets.token_vectors import token_vectors
from assets.user_vocabulary_checkpoint import user_vocabulary_checkpoint
from orchestration.environments import resources
from orchestration.jobs import evaluate, place_cold_items, retrain
from orchestration.schedules import nightly_retrain
from orchestration.sensors import new_users, unplaced_items

ASSETS = [
    interaction_snapshot,
    bpr_embeddings,
    token_vectors,
    user_vocabulary_checkpoint,
    evaluation_report,
    registered_model,
    promotion,
    cold_item_distributions,
    item_embeddings,
    publication,
]


def build_definitions(values: dict[str, Any]) -> dg.Definitions:
    """The graph with the given resources."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=dg.load_asset_checks_from_package_module(expectations),
        jobs=[retrain, place_cold_items, evaluate],
        sensors=[new_users, unplaced_items],
        schedules=[nightly_retrain],
        resources=values,
        executor=dg.in_process_executor,
    )


definitions = build_definitions(resources(progress=Progress()))
