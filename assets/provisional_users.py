"""Beside the stations: users outside the published vocabulary get vectors that stand in until the next retrain."""

import dagster as dg

from assets.dead_runs import sign
from assets.publication import publication
from assets.resources import RegistryResource, StoreResource


@dg.asset(deps=[publication], group_name="placement", kinds={"numpy", "sql"})
def provisional_users(
    context: dg.AssetExecutionContext, store: StoreResource, registry: RegistryResource
) -> None:
    """Vectors of users whom the published version has not been trained on, from what they have touched so far."""
    from assets.folding_in import fold_in_waiting

    sign(context.instance, context.run_id)
    with store.open() as opened:
        published = opened.current_publication()
        if published is None:
            context.log.info("nothing is published: nobody is folded in")
            return
        done = fold_in_waiting(opened, registry.open(), published.version, cache=registry.cache())
    context.add_output_metadata(
        {"version": done.version, "users": done.users, "milliseconds_per_user": 1000 * done.seconds_per_user}
    )
