"""Station 2b: the collaborative vectors that user tokens start from."""

from dataclasses import asdict, dataclass, replace
from typing import Literal

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
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.ials_config import IalsConfig


@dataclass(frozen=True)
class TokenVectorsConfig(IalsConfig):
    """Where user tokens start.

    Attributes:
        method: ``ials`` fits its own vectors with the fields of :class:`IalsConfig`; ``bpr`` takes those of
            ``bpr_embeddings``, as the paper does, and is about .01 worse in cold Recall@20 on CiteULike-a.
    """

    method: Literal["ials", "bpr"] = "ials"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.method not in ("ials", "bpr"):
            raise ValueError(f"method must be ials or bpr, got {self.method!r}")


TokenVectorsRun = run_config(TokenVectorsConfig)


@dg.asset(
    partitions_def=snapshots,
    group_name="training",
    kinds={"numpy"},
    metadata={VALUE_TYPE: "models.collaborative.embeddings:CollaborativeEmbeddings"},
)
def token_vectors(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    bpr_embeddings: CollaborativeEmbeddings,
    config: TokenVectorsRun,  # type: ignore[valid-type]
    extension: Extension,  # type: ignore[valid-type]
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """User and item vectors from which the user tokens start and to which the texts are pulled."""
    from assets.judging import warm_recall
    from models.collaborative.ials import fit_ials

    settings: TokenVectorsConfig = config.build()  # type: ignore[attr-defined]
    compute.apply()
    with at_work(context, registry, progress, parameters=with_base(asdict(settings), extension)) as work:
        work.reads(interaction_snapshot)
        vectors = bpr_embeddings
        if settings.method == "ials":
            earlier = Predecessor.of(extension, registry)
            start: CollaborativeEmbeddings | None = None
            if earlier is not None:
                start = earlier.vectors("token_vectors", interaction_snapshot, weights=settings)
            if earlier is not None and start is not None:
                settings = replace(settings, sweeps=min(settings.sweeps, earlier.config.sweeps))
            vectors = fit_ials(
                interaction_snapshot.split.train,
                n_users=interaction_snapshot.n_users,
                n_items=interaction_snapshot.n_items,
                config=settings,
                start=start,
                validate=warm_recall(interaction_snapshot),
                on_epoch=work.on_epoch("token vectors"),
            )
        regulariser = vectors.regulariser
        return work.output(
            vectors, users=len(vectors.users), d=vectors.d, method=settings.method, regulariser=regulariser
        )
