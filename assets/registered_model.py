"""Station 5a: the trained model becomes a version in the registry."""

import tempfile
from pathlib import Path

import dagster as dg
import numpy as np

from assets.checkpoint import VocabularyCheckpoint
from assets.interaction_snapshot import snapshots
from assets.model_version import Registration, write_space
from assets.progress import Progress
from assets.resources import RegistryResource
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work
from data.snapshot import Snapshot
from evaluation.report import Report
from models.coldstart.published_space import PublishedSpace


@dg.asset(
    partitions_def=snapshots,
    group_name="release",
    kinds={"mlflow"},
    metadata={VALUE_TYPE: "assets.model_version:Registration"},
)
def registered_model(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    user_vocabulary_checkpoint: VocabularyCheckpoint,
    published_space: PublishedSpace,
    evaluation_report: Report,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """A version in the registry with alias challenger: text in, users with log-probabilities out."""
    from assets.registry import Lineage

    user_vocabulary_checkpoint.require_users_of(interaction_snapshot)
    manifest = interaction_snapshot.manifest
    with (
        at_work(context, registry, progress, parameters={"content_hash": manifest.content_hash}) as work,
        tempfile.TemporaryDirectory(prefix="coldcast-version-") as folder,
    ):
        checkpoint, space = Path(folder, "checkpoint"), Path(folder, "space")
        for directory in (checkpoint, space):
            directory.mkdir()
        user_vocabulary_checkpoint.save(checkpoint)
        write_space(space, published_space, interaction_snapshot)
        registered = registry.open().register(
            checkpoint,
            space,
            user_ids=list(interaction_snapshot.users.ids),
            lineage=Lineage(work.parent, context.run.run_id, manifest.key, manifest.content_hash),
            metrics=evaluation_report.metrics(),
            example=interaction_snapshot.texts[np.zeros(1, dtype=np.int64)][0],
        )
        work.reads(interaction_snapshot)
        work.tracked.artifact(registry.artifacts() / "evaluation_report" / manifest.key, "report")
        value = Registration(registered.version, manifest.key, manifest.content_hash)
        return work.output(value, version=registered.version, model=dg.MetadataValue.url(registered.url))
