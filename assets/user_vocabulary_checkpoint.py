"""Station 3: a language model whose vocabulary is extended by the users."""

from dataclasses import asdict, dataclass, fields
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
from models.filterllm.config import FilterLLMConfig


@dataclass(frozen=True)
class VocabularyConfig(FilterLLMConfig):
    """How the station trains FilterLLM.

    Attributes:
        kept_epoch: Of each stage, the epoch that is best on the cold validation items, or the last, as in the paper.
    """

    kept_epoch: Literal["best", "last"] = "best"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kept_epoch not in ("best", "last"):
            raise ValueError(f"kept_epoch must be best or last, got {self.kept_epoch!r}")

    def of_the_model(self) -> FilterLLMConfig:
        """What the model itself is told."""
        return FilterLLMConfig(**{one.name: getattr(self, one.name) for one in fields(FilterLLMConfig)})


FilterLLMRun = run_config(VocabularyConfig)


@dg.asset(
    partitions_def=snapshots,
    group_name="training",
    kinds={"pytorch", "huggingface"},
    metadata={VALUE_TYPE: "assets.checkpoint:VocabularyCheckpoint"},
)
def user_vocabulary_checkpoint(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    token_vectors: CollaborativeEmbeddings,
    config: FilterLLMRun,  # type: ignore[valid-type]
    extension: Extension,  # type: ignore[valid-type]
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """Adapters, mapper and one token per user: a text in, a distribution over all users out."""
    from assets.checkpoint import VocabularyCheckpoint
    from assets.judging import cold_ndcg_by_part, cold_value
    from models.filterllm.fit import fit_filterllm

    settings: VocabularyConfig = config.build()  # type: ignore[attr-defined]
    compute.apply()
    with at_work(context, registry, progress, parameters=with_base(asdict(settings), extension)) as work:
        work.reads(interaction_snapshot)
        earlier = Predecessor.of(extension, registry)
        given = settings.of_the_model()
        model = fit_filterllm(
            interaction_snapshot.texts[token_vectors.warm_item_index],
            interaction_snapshot.split.train,
            token_vectors,
            config=given if earlier is None else earlier.config.shortened(given),
            start=None if earlier is None else earlier.warm_start(interaction_snapshot),
            validate=cold_value(interaction_snapshot) if settings.kept_epoch == "best" else None,
            by_part=cold_ndcg_by_part(interaction_snapshot) if settings.kept_epoch == "best" else None,
            on_epoch=work.on_epoch("user vocabulary"),
        )
        return work.output(
            VocabularyCheckpoint(model, interaction_snapshot.users.fingerprint),
            users=interaction_snapshot.n_users,
            language_model=settings.language_model,
            epochs=len(work.record.epochs),
        )
