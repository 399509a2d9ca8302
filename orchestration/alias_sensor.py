"""Who moves the champion alias in MLflow is honoured: that version is published whole, or the alias goes back."""

from typing import TYPE_CHECKING

import dagster as dg

from assets.registry_errors import RegistryError, RegistryUnavailable
from assets.resources import RegistryResource, StoreResource
from assets.retrain_rule import Decision
from orchestration.champion_alias import alias_now, alias_state
from orchestration.jobs import place_cold_items
from orchestration.requests import home_settings, past_runs, request_run, runs_about
from orchestration.rules import not_yet
from orchestration.settings import Settings

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.publication import Publication

TICK_SECONDS = 30
PATIENCE_SECONDS = 10.0
BY_HAND = "the champion alias was moved in MLflow"


@dg.sensor(
    job=place_cold_items,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Publishes the version that somebody made champion in MLflow, or says why not.",
)
def champion_alias(
    context: dg.SensorEvaluationContext, store: StoreResource
) -> dg.RunRequest | dg.SkipReason:
    """Compare the alias with what is published."""
    home, settings = home_settings()
    with store.open() as opened:
        published = opened.current_publication()
    if published is None:
        return dg.SkipReason("nothing is published yet, so no version can take its place")
    resource = RegistryResource(home=str(home.root))
    registry = resource.open(retry_seconds=PATIENCE_SECONDS)
    try:
        state = alias_now(home, registry, published)
        if state is None:
            return dg.SkipReason(f"a run has just published another version than {published.version}")
        if state.kind == "agrees":
            return dg.SkipReason(f"champion is version {published.version}, as published")
        if state.kind == "behind" or state.version is None:
            registry.repair(published.version)
            alias_state(home, registry, published)
            return dg.SkipReason(f"{state.told}; the alias follows the publication again")
        request = _request(context.instance, settings, state.version, published)
        if isinstance(request, Decision):
            return dg.SkipReason(f"{state.told}; {request.message}")
        trouble = _trouble(registry, resource, state.version)
        if trouble:
            registry.send_back(state.version, published.version, trouble)
            return dg.SkipReason(f"{state.told}, moved by hand; refused, the alias is back: {trouble}")
        registry.honour(state.version, published.version, BY_HAND)
    except RegistryError as error:
        return dg.SkipReason(f"the champion alias is unknown: {error}")
    context.log.info(f"{state.told}, moved by hand: version {state.version} is to be published")
    return request


def _request(
    instance: dg.DagsterInstance, settings: Settings, version: int, published: "Publication"
) -> dg.RunRequest | Decision:
    """The run that places and publishes a version, once for each time the alias was moved away."""
    past = past_runs(instance, "place_cold_items")
    waiting = not_yet(past, settings.rule().cool_down_minutes, rest_after_success=False)
    if waiting is not None:
        return waiting
    chosen = settings.with_values("distributions", version=version)
    data = f"champion-{version}-over-{published.version}-of-{published.published_at}"
    return request_run(
        runs_about(instance, data, "place_cold_items"),
        job="place_cold_items",
        data=data,
        run_config=chosen.run_config(only=("distributions", "placement")),
        trigger="champion alias",
    )


def _trouble(registry: "Registry", resource: RegistryResource, version: int) -> str:
    """Why a version cannot be served; empty if its files are whole."""
    try:
        registry.download(version, cache=resource.cache())
    except RegistryUnavailable:
        raise
    except (RegistryError, FileNotFoundError) as error:
        return str(error)
    return ""
