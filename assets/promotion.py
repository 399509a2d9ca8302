"""Station 5b: publish the challenger only if it is better."""

import dagster as dg

from assets.interaction_snapshot import snapshots
from assets.model_version import Registration
from assets.placement import Placement
from assets.progress import Progress
from assets.promotion_decision import note_decision
from assets.resources import RegistryResource, StoreResource
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work
from data.snapshot import Snapshot


@dg.asset(
    partitions_def=snapshots,
    group_name="release",
    kinds={"mlflow"},
    metadata={VALUE_TYPE: "assets.promotion_decision:PromotionDecision"},
)
def promotion(
    context: dg.AssetExecutionContext,
    interaction_snapshot: Snapshot,
    registered_model: Registration,
    placement: Placement,  # type: ignore[valid-type]
    store: StoreResource,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """Whether the challenger is published, refused or held for a human; each is a green run with its reason."""
    from assets.gate import judge_challenger

    settings = placement.build()  # type: ignore[attr-defined]
    known = registry.open()
    with (
        at_work(context, registry, progress, parameters={"challenger": registered_model.version}) as work,
        store.open() as opened,
    ):
        published = opened.current_publication()
        decision = judge_challenger(
            interaction_snapshot,
            known,
            challenger=registered_model.version,
            champion=None if published is None else published.version,
            cache=registry.cache(),
            placement=settings,
        )
        note_decision(known, decision)
        work.finish_tree()
        return work.output(
            decision,
            version=decision.version,
            promoted=decision.promote,
            outcome=decision.outcome,
            reason=decision.reason,
        )
