"""Station 4: how good it is, from the users' side and from the items'."""

from dataclasses import asdict

import dagster as dg

from assets.checkpoint import VocabularyCheckpoint
from assets.evaluation_settings import EvaluationConfig
from assets.interaction_snapshot import snapshots
from assets.placement import Placement
from assets.progress import Progress
from assets.resources import Compute, RegistryResource
from assets.run_config import run_config
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work
from data.snapshot import Snapshot
from models.coldstart.published_space import PublishedSpace
from models.collaborative.embeddings import CollaborativeEmbeddings

EvaluationRun = run_config(EvaluationConfig)


@dg.asset(
    partitions_def=snapshots,
    group_name="judging",
    metadata={VALUE_TYPE: "evaluation.report:Report"},
)
def evaluation_report(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    bpr_embeddings: CollaborativeEmbeddings,
    user_vocabulary_checkpoint: VocabularyCheckpoint,
    published_space: PublishedSpace,
    config: EvaluationRun,  # type: ignore[valid-type]
    placement: Placement,  # type: ignore[valid-type]
    compute: Compute,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """Recall, NDCG and their kin on held-out items, beside chance, TF-IDF, kNN and ridge."""
    from assets.judging import evaluation_input, judge_all
    from assets.report_metadata import origin, report_metadata
    from assets.scorers import collaborative_scorer, oracle_scorers, product_scorers, reference_scorers
    from evaluation.compile_report import compile_report

    settings: EvaluationConfig = config.build()  # type: ignore[attr-defined]
    user_vocabulary_checkpoint.require_users_of(interaction_snapshot)
    model = user_vocabulary_checkpoint.model
    compute.apply()
    with at_work(context, registry, progress, parameters=asdict(settings)) as work:
        work.reads(interaction_snapshot, "evaluation")
        judged = product_scorers(interaction_snapshot, published_space, model, placement.build())  # type: ignore[attr-defined]
        judged |= collaborative_scorer(interaction_snapshot, bpr_embeddings)
        judged |= oracle_scorers(interaction_snapshot, registry.root())
        if settings.references:
            judged |= reference_scorers(interaction_snapshot, bpr_embeddings, model, seed=settings.seed)
        judgements = judge_all(
            judged, evaluation_input(interaction_snapshot), report=progress.reporter(context, "report")
        )
        records = work.records_of("bpr_embeddings", "user_vocabulary_checkpoint", "published_space")
        report = compile_report(judgements, origin(interaction_snapshot, records), seed=settings.seed)
        work.tracked.metrics(report.metrics())
        return work.output(report, **report_metadata(report))
