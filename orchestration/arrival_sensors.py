"""Sensors between two retrains: new users are folded in, placed items follow the interactions that they get."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import dagster as dg

from assets.resources import StoreResource
from data.store.store import Store
from orchestration.jobs import fold_in, place_cold_items
from orchestration.requests import home_settings, past_runs, request_run, runs_about
from orchestration.rules import not_yet
from orchestration.unpublished import way_out

TICK_SECONDS = 30

Tick = Iterator[dg.RunRequest | dg.SkipReason]
State = tuple[Any, Any]
"""Ids of those who wait (n,), and how many interactions each has (n,)."""


class Ask(NamedTuple):
    """What a sensor asks for and how it says so: a job, its trigger, two sentences, and settings of the home."""

    job: str
    trigger: str
    nobody: str
    waiting: str
    sections: tuple[str, ...] = ()


FOLD_IN = Ask(
    "fold_in",
    "users to fold in",
    nobody="every user with interactions has a vector of version {version}",
    waiting="{n} users wait to be folded in",
)
WARM_UP = Ask(
    "place_cold_items",
    "warming items",
    nobody="no placed item of version {version} has outgrown its vector",
    waiting="{n} items have outgrown their vectors",
    sections=("distributions", "placement"),
)


@dg.sensor(
    job=fold_in,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a fold-in when users outside the published vocabulary have interactions.",
)
def new_users_fold_in(context: dg.SensorEvaluationContext, store: StoreResource) -> Tick:
    """Count users with interactions since they were folded in; ask once per state of them."""

    def waiting(opened: Store, version: int) -> State:
        found = opened.waiting_users(version)
        return found.user_ids, found.n_events

    yield _tick(context, store, waiting, FOLD_IN)


@dg.sensor(
    job=place_cold_items,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests placement when placed items have many more interactions than they were placed with.",
)
def warming_items(context: dg.SensorEvaluationContext, store: StoreResource) -> Tick:
    """Count placed items that have outgrown their vectors; ask once per state of them."""

    def grown(opened: Store, version: int) -> State:
        found = opened.items_to_warm_up(version)
        return found.item_ids, found.n_events

    yield _tick(context, store, grown, WARM_UP)


def _tick(
    context: dg.SensorEvaluationContext,
    store: StoreResource,
    read: Callable[[Store, int], State],
    ask: Ask,
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run if somebody waits for the published version, or say why not."""
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            return dg.SkipReason(f"nothing is published yet: {way_out(home_settings()[0])}")
        ids, n_events = read(opened, published.version)
    if not len(ids):
        return dg.SkipReason(ask.nobody.format(version=published.version))
    data = counts_digest(ids, n_events, version=published.version)
    request = _request(context, ask, data)
    if isinstance(request, dg.RunRequest):
        return request
    return dg.SkipReason(f"{ask.waiting.format(n=len(ids))}; {request.message}")


def _request(context: dg.SensorEvaluationContext, ask: Ask, data: str) -> dg.RunRequest | Any:
    """Ask for a run about some data, or say in a decision why not now."""
    _, settings = home_settings()
    past = past_runs(context.instance, ask.job)
    waiting = not_yet(past, settings.rule().cool_down_minutes, rest_after_success=False)
    if waiting is not None:
        return waiting
    run_config = settings.run_config(only=ask.sections)
    done = runs_about(context.instance, data, ask.job)
    return request_run(done, job=ask.job, data=data, run_config=run_config, trigger=ask.trigger)


def counts_digest(ids: Iterable[str], n_events: Iterable[int], *, version: int) -> str:
    """Name a state of users or items: one more event, another one or another version is another name."""
    digest = hashlib.sha256(f"{version}".encode())
    for one, events in zip(ids, n_events, strict=True):
        digest.update(f"\0{one}\0{events}".encode())
    return digest.hexdigest()[:16]
