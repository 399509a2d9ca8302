"""Station 7: each waiting item gets a vector beside the warm ones, and everything is published as one."""

import dagster as dg

from assets.item_distributions import ItemDistributions
from assets.placed_items import PlacedItems
from assets.placement import Placement
from assets.progress import Progress
from assets.resources import RegistryResource, StoreResource
from assets.run_lock import RunLock
from assets.values import VALUE_TYPE


@dg.asset(
    group_name="placement",
    kinds={"pytorch"},
    metadata={VALUE_TYPE: "assets.placed_items:PlacedItems"},
)
def item_embeddings(
    context: dg.AssetExecutionContext,
    cold_item_distributions: ItemDistributions,
    placement: Placement,  # type: ignore[valid-type]
    store: StoreResource,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[PlacedItems]:
    """Vectors of the waiting items, from pseudo and real interactions; users and warm items stay as they are."""
    from assets.folding_in import with_provisional
    from assets.model_version import load_version
    from assets.placed_items import place_waiting
    from assets.waiting_items import waiting_items, with_readers

    report = progress.reporter(context, "item vectors")
    report(0, 1, "placing")
    number = cold_item_distributions.version
    version = load_version(registry.open(), number, cache=registry.cache())
    with store.open() as opened:
        version = with_provisional(version, opened, users=cold_item_distributions.user_ids)
        waiting = waiting_items(opened, number, warm_items=version.warm_items)
        read = with_readers(waiting, opened, version.users)
    placed = place_waiting(version, read, cold_item_distributions, placement.build())  # type: ignore[attr-defined]
    report(1, 1, f"{len(placed)} items")
    return dg.Output(placed, metadata={"version": number, "items": len(placed), **placed.counts()})
