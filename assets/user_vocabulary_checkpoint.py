"""Station 3: a language model whose vocabulary is extended by the users."""

from dataclasses import asdict

import dagster as dg

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

FilterLLMRun = run_config(FilterLLMConfig)


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
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """Adapters, mapper and one token per user: a text in, a distribution over all users out."""
    from assets.checkpoint import VocabularyCheckpoint
    from assets.judging import cold_ndcg
    from models.filterllm.fit import fit_filterllm

    settings: FilterLLMConfig = config.build()  # type: ignore[attr-defined]
    compute.apply()
    with at_work(context, registry, progress, parameters=asdict(settings)) as work:
        work.reads(interaction_snapshot)
        model = fit_filterllm(
            interaction_snapshot.texts[token_vectors.warm_item_index],
            interaction_snapshot.split.train,
            token_vectors,
            config=settings,
            validate=cold_ndcg(interaction_snapshot),
            on_epoch=work.on_epoch("user vocabulary"),
        )
        return work.output(
            VocabularyCheckpoint(model, interaction_snapshot.users.fingerprint),
            users=interaction_snapshot.n_users,
            language_model=settings.language_model,
            epochs=len(work.record.epochs),
        )
