"""Sensors: new users ask for a retrain, items without a vector ask to be placed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from assets.ended_runs import WAIT_SECONDS, end_in_mlflow
from assets.registry_errors import RegistryError
from assets.resources import RegistryResource, StoreResource, patience_seconds
from assets.retrain_rule import Decision, RetrainRule, retrain_due
from data.home import Home
from data.store.store import Store
from data.store.users_items import ItemTable
from orchestration.jobs import PARTITIONS, RETRAINING, place_cold_items, retrain
from orchestration.requests import (
    FIRED_TAG,
    home_rule,
    home_settings,
    last_request_failed,
    past_runs,
    request_run,
    runs_about,
)
from orchestration.rules import PastRun, not_yet, rest_minutes
from orchestration.signals import read_signals
from orchestration.unpublished import way_out

PLACE_TICK_SECONDS = 30


@dg.sensor(
    job=retrain,
    minimum_interval_seconds=home_rule().tick_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a retrain when new users, their traffic, age, drift or a falling metric reach a threshold.",
)
def new_users(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Compare what is new to the published version with the thresholds; ask once per content."""
    home, settings = home_settings()
    with store.open() as opened:
        signals = read_signals(opened, home, settings.rule())
    if signals is None:
        return dg.SkipReason(f"nothing is published yet: {way_out(home)}")
    decision = retrain_due(signals, settings.rule())
    failed = last_request_failed(context.instance, *RETRAINING)
    if not decision.act and not failed:
        return dg.SkipReason(decision.message)
    asked = ask_for_retrain(context, trigger="new users", rest_after_refusals=not failed)
    if isinstance(asked, Decision):
        return dg.SkipReason(f"{decision.message}; {asked.message}")
    context.log.info(f"{decision.message}; {asked.reason}")
    tags = {**asked.request.tags, FIRED_TAG: ", ".join(decision.fired)}
    return dg.SensorResult(
        run_requests=[asked.request.with_replaced_attrs(tags=tags)],
        dynamic_partitions_requests=[dg.AddDynamicPartitionsRequest(PARTITIONS, [asked.key])],
    )


@dataclass(frozen=True)
class Asked:
    """A retrain that is requested: the snapshot's key, the request with this partition, and why."""

    key: str
    request: dg.RunRequest
    reason: str


def ask_for_retrain(
    context: dg.SensorEvaluationContext | dg.ScheduleEvaluationContext,
    *,
    trigger: str,
    rest_after_refusals: bool = False,
) -> Asked | Decision:
    """Plan the snapshot and request its retrain, or say why not now.

    Args:
        context: Of the tick.
        trigger: What asks, a tag of the run.
        rest_after_refusals: Whether to wait the longer the more versions in a row were refused.
    """
    from orchestration.retraining import plan_retrain

    home, settings = home_settings()
    past = past_runs(context.instance, *RETRAINING)
    # asked before planning, which reads the whole store and enters a snapshot in it
    waiting = not_yet(past, settings.rule().cool_down_minutes, rest_after_success=True)
    if waiting is None and rest_after_refusals:
        waiting = _refused_lately(past, home, settings.rule())
    if waiting is not None:
        return waiting
    done = _done_already(home, context.instance)
    if done is not None:
        return done
    end_in_mlflow(context.instance, RegistryResource(home=str(home.root)))
    plan = plan_retrain(home, settings)
    if not plan.stations:
        return Decision(False, plan.reason)
    key = plan.plan.key
    request = request_run(
        runs_about(context.instance, key, *RETRAINING),
        job="retrain",
        data=key,
        run_config=settings.run_config(),
        trigger=trigger,
        stations=plan.stations,
    )
    if isinstance(request, Decision):
        return request
    return Asked(key, request.with_replaced_attrs(partition_key=key), plan.reason)


def _refused_lately(past: list[PastRun], home: Home, rule: RetrainRule) -> Decision | None:
    """Why not to ask so soon for a version like those that were refused last; None if nothing speaks against it."""
    if not past or not rule.cool_down_minutes:  # there is no rest that could be longer
        return None
    registry = RegistryResource(home=str(home.root)).open(retry_seconds=min(WAIT_SECONDS, patience_seconds()))
    try:
        refused = registry.refused_in_a_row()
    except RegistryError as error:
        return Decision(False, f"whether the last versions were refused is unknown: {error}")
    waiting = not_yet(past, rest_minutes(rule.cool_down_minutes, refused), rest_after_success=True)
    return waiting and Decision(False, f"versions refused in a row: {refused}; {waiting.message}")


def _done_already(home: Home, instance: dg.DagsterInstance) -> Decision | None:
    """Say that a run has finished on all there is; found without reading the store, which planning has to."""
    with Store.open(home.database_url) as store:
        rows = store.snapshots()
        if not rows or rows[-1].watermark != store.watermark():
            return None
    if any(not run.failed for run in runs_about(instance, rows[-1].key, *RETRAINING)):
        return Decision(False, "a run for this data has already finished")
    return None


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
    home, settings = home_settings()
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            yield dg.SkipReason(f"nothing is published yet: {way_out(home)}")
            return
        waiting = opened.items_to_place(published.version)
    if not len(waiting):
        yield dg.SkipReason(f"every item has a vector of version {published.version}")
        return
    data = items_digest(waiting, version=published.version)[:16]
    past = past_runs(context.instance, "place_cold_items")
    request = not_yet(past, settings.rule().cool_down_minutes, rest_after_success=False) or request_run(
        runs_about(context.instance, data, "place_cold_items"),
        job="place_cold_items",
        data=data,
        run_config=settings.run_config(only=("distributions", "placement")),
        trigger="new items",
    )
    if isinstance(request, Decision):
        yield dg.SkipReason(f"{len(waiting)} items wait for a vector; {request.message}")
        return
    yield request


def items_digest(waiting: ItemTable, *, version: int) -> str:
    """Name what waits: another item, a text changed or changed back, or another version is another name.

    An item without a text can be placed once a known user has touched it; it has another name whenever its events have
    doubled.
    """
    digest = hashlib.sha256(str(version).encode())
    for item_id, text, revision, n_events in zip(
        waiting.item_ids, waiting.texts, waiting.revisions.tolist(), waiting.n_events.tolist(), strict=True
    ):
        events = 0 if text else n_events.bit_length()
        digest.update(f"\0{item_id}\0{revision}\0{events}".encode())
    return digest.hexdigest()
