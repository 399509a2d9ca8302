"""Station 8: users, warm and placed items are published together; the champion alias follows."""

import dagster as dg

from assets.item_distributions import ItemDistributions
from assets.placed_items import PlacedItems
from assets.resources import RegistryResource, StoreResource
from assets.run_lock import RunLock


@dg.asset(group_name="placement", kinds={"sql"})
def publication(
    context: dg.AssetExecutionContext,
    cold_item_distributions: ItemDistributions,
    item_embeddings: PlacedItems,
    store: StoreResource,
    registry: RegistryResource,
    run_lock: RunLock,
) -> None:
    """What the recommender serves: one version, switched whole."""
    from assets.model_version import load_version
    from assets.publishing import publish

    known = registry.open()
    version = load_version(known, item_embeddings.version, cache=registry.cache())
    with store.open() as opened:
        outcome = publish(opened, known, version, placed=item_embeddings, answers=cold_item_distributions)
    if outcome.warning:
        context.log.warning(outcome.warning)
    context.add_output_metadata(
        {"version": outcome.version, "switched": outcome.switched, "items_added": outcome.items_added}
    )
