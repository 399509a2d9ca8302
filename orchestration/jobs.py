"""The jobs: the same ones for the command line, sensors, schedules and the UI."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.interaction_snapshot import snapshots

PARTITIONS = "snapshot"
TRAINING = (
    "interaction_snapshot",
    "bpr_embeddings",
    "token_vectors",
    "user_vocabulary_checkpoint",
    "published_space",
    "evaluation_report",
    "registered_model",
    "promotion",
)
PLACEMENT = ("cold_item_distributions", "item_embeddings", "publication")
BESIDE_ANOTHER = ("watch_published",)  # what runs while another job holds the home
RETRAINING = ("retrain", "extend")  # the jobs that make a new version


def of_the_home(*only: str) -> dg.PartitionedConfig[Any]:
    """Run config of runs launched in the UI: the home's settings at that moment, all or the sections named."""

    def read(partition: str) -> dict[str, Any]:
        from orchestration.requests import home_settings

        return home_settings()[1].run_config(only=only or None)

    return dg.PartitionedConfig(snapshots, run_config_for_partition_key_fn=read)


def of_the_home_extending() -> dg.PartitionedConfig[Any]:
    """As :func:`of_the_home`, with the published version as the one to extend, if it may be extended."""

    def read(partition: str) -> dict[str, Any]:
        from orchestration.extending import extending
        from orchestration.requests import home_settings

        return extending(*home_settings())[0].run_config()

    return dg.PartitionedConfig(snapshots, run_config_for_partition_key_fn=read)


def of_the_home_now(*only: str) -> dg.ConfigMapping:
    """The same for a job without partitions: whoever names no run config gets the home's, read as the run starts."""

    def read(given: Mapping[str, Any]) -> Mapping[str, Any]:
        from orchestration.requests import home_settings

        return given or home_settings()[1].run_config(only=only)

    return dg.ConfigMapping(read, config_schema=dg.Permissive(), receive_processed_config_values=False)  # type: ignore[no-untyped-call]


def _job(
    name: str,
    stations: tuple[str, ...],
    description: str,
    *,
    purpose: str,
    config: dg.PartitionedConfig[Any] | dg.ConfigMapping,
) -> Any:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*stations),
        config=config,
        description=description,
        tags={"purpose": purpose},
    )


retrain = _job(
    "retrain",
    TRAINING + PLACEMENT,
    "Snapshot, train, judge, register; promote if better; place cold items and publish.",
    purpose="retrain",
    config=of_the_home(),
)
extend = _job(
    "extend",
    TRAINING + PLACEMENT,
    "As retrain, from the published version on: shrunk, perturbed and trained for a few epochs.",
    purpose="retrain",
    config=of_the_home_extending(),
)
place_cold_items = _job(
    "place_cold_items",
    PLACEMENT,
    "Give every item without a vector its audience and its embedding, with the published version.",
    purpose="place",
    config=of_the_home_now("distributions", "placement"),
)
fold_in = _job(
    "fold_in",
    ("provisional_users",),
    "Give users outside the published vocabulary provisional vectors from what they have touched.",
    purpose="fold_in",
    config=of_the_home_now("execution"),
)
watch_published = dg.define_asset_job(
    "watch_published",
    selection=dg.AssetSelection.assets("watch"),
    description="Look at what is published: coverage, audiences, popularity bias, forward metric, drift.",
    tags={"purpose": "watch"},
)
evaluate = _job(
    "evaluate",
    ("evaluation_report",),
    "Judge a snapshot's trained models again.",
    purpose="evaluate",
    config=of_the_home("evaluation", "placement"),
)
