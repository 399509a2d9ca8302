"""The jobs: the same ones for the command line, sensors, schedules and the UI."""

from typing import Any

import dagster as dg

PARTITIONS = "snapshot"
TRAINING = (
    "interaction_snapshot",
    "bpr_embeddings",
    "token_vectors",
    "user_vocabulary_checkpoint",
    "evaluation_report",
    "registered_model",
    "promotion",
)
PLACEMENT = ("cold_item_distributions", "item_embeddings", "publication")


def _job(name: str, stations: tuple[str, ...], description: str, *, purpose: str) -> Any:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*stations),
        executor_def=dg.in_process_executor,
        description=description,
        tags={"purpose": purpose},
    )


retrain = _job(
    "retrain",
    TRAINING + PLACEMENT,
    "Snapshot, train, judge, register; promote if better; place cold items and publish.",
    purpose="retrain",
)
place_cold_items = _job(
    "place_cold_items",
    PLACEMENT,
    "Give every item without a vector its audience and its embedding, with the published version.",
    purpose="place",
)
evaluate = _job(
    "evaluate", ("evaluation_report",), "Judge a snapshot's trained models again.", purpose="evaluate"
)
