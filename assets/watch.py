"""Beside the stations: how the published version does by now, hour by hour."""

import time
from pathlib import Path

import dagster as dg

from assets.dead_runs import sign
from assets.publication import publication
from assets.resources import RegistryResource, StoreResource
from assets.values import VALUE_TYPE
from assets.watch_history import FILE_NAME, Measurement, WatchHistory
from assets.watch_lock import WatchLock


class WatchRun(dg.Config):
    """From how many interactions on a user outside the vocabulary counts."""

    min_interactions: int = 3


@dg.asset(
    deps=[publication],
    group_name="watching",
    kinds={"numpy", "mlflow"},
    metadata={VALUE_TYPE: "assets.watch_history:WatchHistory"},
)
def watch(
    context: dg.AssetExecutionContext,
    config: WatchRun,
    store: StoreResource,
    registry: RegistryResource,
    watch_lock: WatchLock,
) -> dg.Output[WatchHistory | None]:
    """Coverage, audiences, popularity bias, forward metric and drift of the published version, by version and hour."""
    from assets.model_version import load_version
    from assets.registry_errors import RegistryError
    from assets.watching import look

    sign(context.instance, context.run_id)
    before = history(registry.artifacts() / "watch" / "latest")
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            context.log.info("nothing is published, so there is nothing to look at")
            return dg.Output(before)
        known = registry.open(retry_seconds=10.0)
        encode = None
        try:
            encode = load_version(known, published.version, cache=registry.cache()).model.encode
        except RegistryError as error:
            context.log.warning(f"the distance of new texts is not measured: {error}")
        numbers = look(opened, min_events=config.min_interactions, encode=encode)
    after = before.with_one(Measurement(published.version, int(time.time()), numbers))
    newest = after.newest(published.version)
    try:
        known.measured(published.version, {f"watch/{name}": value for name, value in newest.items()})
    except RegistryError as error:  # the numbers rest in the home all the same
        context.log.warning(f"MLflow was not told what the watch measured: {error}")
    return dg.Output(after, metadata={"version": published.version, **newest})


def history(folder: Path) -> WatchHistory:
    """What was measured so far; nothing before the first look, or where the file is damaged."""
    if not (folder / FILE_NAME).exists():
        return WatchHistory()
    try:
        return WatchHistory.load(folder)
    except (ValueError, TypeError):
        return WatchHistory()
