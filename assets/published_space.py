"""Station 3b: the vectors that are published, of users and of warm items, ready for cold ones to join."""

from dataclasses import asdict

import dagster as dg

from assets.checkpoint import VocabularyCheckpoint
from assets.interaction_snapshot import snapshots
from assets.placement import Placement
from assets.progress import Progress
from assets.resources import Compute, RegistryResource
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work
from data.snapshot import Snapshot
from models.collaborative.embeddings import CollaborativeEmbeddings


@dg.asset(
    partitions_def=snapshots,
    group_name="training",
    kinds={"numpy"},
    metadata={VALUE_TYPE: "models.coldstart.published_space:PublishedSpace"},
)
def published_space(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    bpr_embeddings: CollaborativeEmbeddings,
    token_vectors: CollaborativeEmbeddings,
    user_vocabulary_checkpoint: VocabularyCheckpoint,
    placement: Placement,  # type: ignore[valid-type]
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """What collaboration and the text say of a user, in one vector; cold items calibrated on validation."""
    from assets.spaces import chosen_space, composed_space

    settings = placement.build()  # type: ignore[attr-defined]
    user_vocabulary_checkpoint.require_users_of(interaction_snapshot)
    compute.apply()
    with at_work(context, registry, progress, parameters=asdict(settings)) as work:
        work.reads(interaction_snapshot)
        spaces = {"token_vectors": token_vectors, "bpr_embeddings": bpr_embeddings}
        name = chosen_space(interaction_snapshot, spaces, settings)
        model = user_vocabulary_checkpoint.model
        space = composed_space(interaction_snapshot, spaces[name], model, settings)
        return work.output(space, users=len(space.users), d=space.d, space=name, **asdict(space.calibration))
