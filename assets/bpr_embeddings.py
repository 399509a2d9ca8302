"""Station 2: where users and warm items stand to each other."""

from dataclasses import asdict

import dagster as dg

from assets.extension import Extension, Predecessor, with_base
from assets.interaction_snapshot import snapshots
from assets.progress import Progress
from assets.resources import Compute, RegistryResource
from assets.run_config import run_config
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work
from data.snapshot import Snapshot
from models.collaborative.config import BprConfig

BprRun = run_config(BprConfig)


@dg.asset(
    partitions_def=snapshots,
    group_name="training",
    kinds={"pytorch"},
    metadata={VALUE_TYPE: "models.collaborative.embeddings:CollaborativeEmbeddings"},
)
def bpr_embeddings(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    config: BprRun,  # type: ignore[valid-type]
    extension: Extension,  # type: ignore[valid-type]
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """User and item vectors, trained with BPR on the interaction graph of warm items.

    An extending retrain keeps those of the version it extends and folds new users and items in.
    """
    from assets.judging import warm_recall
    from models.collaborative.fit import fit_bpr
    from models.collaborative.ials_config import IalsConfig

    settings: BprConfig = config.build()  # type: ignore[attr-defined]
    with at_work(context, registry, progress, parameters=with_base(asdict(settings), extension)) as work:
        work.reads(interaction_snapshot)
        earlier = Predecessor.of(extension, registry)
        kept = earlier and earlier.vectors("bpr_embeddings", interaction_snapshot, weights=IalsConfig())
        embeddings = kept or fit_bpr(
            interaction_snapshot.split.train,
            n_users=interaction_snapshot.n_users,
            n_items=interaction_snapshot.n_items,
            config=settings,
            validate=warm_recall(interaction_snapshot),
            on_epoch=work.on_epoch(f"{settings.model} embeddings"),
            device=compute.apply(),
        )
        return work.output(
            embeddings,
            users=len(embeddings.users),
            warm_items=len(embeddings.warm_items),
            d=embeddings.d,
            epochs=len(work.record.epochs),
        )
