"""Sensors: new users ask for a retrain, items without a vector ask to be placed."""

import hashlib
from collections.abc import Iterable, Iterator

import dagster as dg

from assets.resources import StoreResource
from orchestration.jobs import place_cold_items, retrain
from orchestration.requests import home_settings, next_request
from orchestration.rules import Decision, retrain_due

RETRAIN_TICK_SECONDS = 60
PLACE_TICK_SECONDS = 30


@dg.sensor(
    job=retrain,
    minimum_interval_seconds=RETRAIN_TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a retrain when users outside the published vocabulary exceed a threshold.",
)
def new_users(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Count users outside the published version's vocabulary; ask once per content."""
    _, settings = home_settings()
    rule = settings.rule()
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            return dg.SkipReason("nothing is published yet: `coldcast retrain` makes the first version")
        outside = opened.count_users_outside(published.version, min_events=rule.min_interactions)
        known = opened.counts()["users"] - opened.count_users_outside(published.version, min_events=0)
    decision = retrain_due(outside, known, rule)
    if not decision.act:
        return dg.SkipReason(decision.message)
    return retrain_request(context, trigger="new users", message=decision.message)


def retrain_request(
    context: dg.SensorEvaluationContext, *, trigger: str, message: str
) -> dg.SensorResult | dg.SkipReason:
    """Plan the snapshot and request its retrain, or say why not now."""
    from orchestration.retraining import PARTITIONS, plan_retrain

    home, settings = home_settings()
    plan = plan_retrain(home, settings)
    if not plan.stations:
        return dg.SkipReason(f"{message}; {plan.reason}")
    request = next_request(
        context, job="retrain", content=plan.plan.content_hash, settings=settings, trigger=trigger
    )
    if isinstance(request, Decision):
        return dg.SkipReason(f"{message}; {request.message}")
    context.log.info(f"{message}; {plan.reason}")
    return dg.SensorResult(
        run_requests=[request.with_replaced_attrs(partition_key=plan.plan.key)],
        dynamic_partitions_requests=[dg.AddDynamicPartitionsRequest(PARTITIONS, [plan.plan.key])],
    )


@dg.sensor(
    job=place_cold_items,
    minimum_interval_seconds=PLACE_TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests placement when items without a vector of the published version appear.",
)
def unplaced_items(
    context: dg.SensorEvaluationContext, store: StoreResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Count items whose text has no vector yet; ask once per set of them."""
    _, settings = home_settings()
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            yield dg.SkipReason("nothing is published yet: `coldcast retrain` makes the first version")
            return
        waiting = opened.items_to_place(published.version)
    if not len(waiting):
        yield dg.SkipReason(f"every item has a vector of version {published.version}")
        return
    content = items_digest(waiting.item_ids, waiting.text_hashes, version=published.version)
    request = next_request(
        context, job="place_cold_items", content=content, settings=settings, trigger="new items"
    )
    if isinstance(request, Decision):
        yield dg.SkipReason(f"{len(waiting)} items wait for a vector; {request.message}")
        return
    yield request


def items_digest(item_ids: Iterable[str], text_hashes: Iterable[str], *, version: int) -> str:
    """Name a set of waiting items: another item, text or version is another name."""
    digest = hashlib.sha256(str(version).encode())
    for item_id, text in zip(item_ids, text_hashes, strict=True):
        digest.update(f"\0{item_id}\0{text}".encode())
    return digest.hexdigest()
