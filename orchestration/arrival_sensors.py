"""Sensors between two retrains: new users are folded in, placed items follow the interactions that they get."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from assets.resources import StoreResource
from orchestration.jobs import fold_in, place_cold_items
from orchestration.requests import home_settings, past_runs, request_run
from orchestration.rules import not_yet

TICK_SECONDS = 30
NOTHING_PUBLISHED = "nothing is published yet: `coldcast retrain` makes the first version"

Tick = Iterator[dg.RunRequest | dg.SkipReason]


@dg.sensor(
    job=fold_in,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a fold-in when users outside the published vocabulary have interactions.",
)
def new_users_fold_in(context: dg.SensorEvaluationContext, store: StoreResource) -> Tick:
    """Count users with interactions since they were folded in; ask once per state of them."""
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            yield dg.SkipReason(NOTHING_PUBLISHED)
            return
        waiting = opened.users_to_fold_in(published.version)
    if not len(waiting):
        yield dg.SkipReason(f"every user with interactions has a vector of version {published.version}")
        return
    data = counts_digest(waiting.user_ids, waiting.n_events, version=published.version)
    request = _request(context, "fold_in", data, sections=(), trigger="users to fold in")
    if not isinstance(request, dg.RunRequest):
        yield dg.SkipReason(f"{len(waiting)} users wait to be folded in; {request.message}")
        return
    yield request


@dg.sensor(
    job=place_cold_items,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests placement when placed items have many more interactions than they were placed with.",
)
def warming_items(context: dg.SensorEvaluationContext, store: StoreResource) -> Tick:
    """Count placed items that have outgrown their vectors; ask once per state of them."""
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            yield dg.SkipReason(NOTHING_PUBLISHED)
            return
        grown = opened.items_to_warm_up(published.version)
    if not len(grown):
        yield dg.SkipReason(f"no placed item of version {published.version} has outgrown its vector")
        return
    data = counts_digest(grown.item_ids, grown.n_events, version=published.version)
    sections = ("distributions", "placement")
    request = _request(context, "place_cold_items", data, sections=sections, trigger="warming items")
    if not isinstance(request, dg.RunRequest):
        yield dg.SkipReason(f"{len(grown)} items have outgrown their vectors; {request.message}")
        return
    yield request


def _request(
    context: dg.SensorEvaluationContext, job: str, data: str, *, sections: tuple[str, ...], trigger: str
) -> dg.RunRequest | Any:
    """Ask for a run about some data, or say in a decision why not now."""
    _, settings = home_settings()
    past = past_runs(context.instance, job)
    waiting = not_yet(past, settings.rule().cool_down_minutes, rest_after_success=False)
    if waiting is not None:
        return waiting
    run_config = settings.run_config(only=sections)
    return request_run(past, job=job, data=data, run_config=run_config, trigger=trigger)


def counts_digest(ids: Iterable[str], n_events: Iterable[int], *, version: int) -> str:
    """Name a state of users or items: one more event, another one or another version is another name."""
    digest = hashlib.sha256(f"{version}".encode())
    for one, events in zip(ids, n_events, strict=True):
        digest.update(f"\0{one}\0{events}".encode())
    return digest.hexdigest()[:16]
