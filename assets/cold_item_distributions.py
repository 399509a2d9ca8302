"""Station 6: one pass over each waiting item's text gives the users most likely to want it."""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from assets.item_distributions import ItemDistributions, distributions_of
from assets.model_version import load_version
from assets.progress import Progress
from assets.promotion import promotion
from assets.resources import Compute, RegistryResource, StoreResource
from assets.run_config import run_config
from assets.run_lock import RunLock
from assets.values import VALUE_TYPE
from assets.waiting_items import waiting_items


@dataclass(frozen=True)
class DistributionConfig:
    """Settings of the distribution station.

    Attributes:
        users_per_item: Users kept per item, >= 1; at most all users.
        version: Place with this version, which must be accepted or have vectors in the store; None: the one just
            accepted, else the published one.
    """

    users_per_item: int = 100
    version: int | None = None

    def __post_init__(self) -> None:
        if self.users_per_item < 1:
            raise ValueError(f"users_per_item must be at least 1, got {self.users_per_item}")


DistributionRun = run_config(DistributionConfig)


@dg.asset(
    deps=[promotion],
    output_required=False,
    group_name="placement",
    kinds={"pytorch", "huggingface"},
    metadata={VALUE_TYPE: "assets.item_distributions:ItemDistributions"},
)
def cold_item_distributions(
    context: dg.AssetExecutionContext,
    config: DistributionRun,  # type: ignore[valid-type]
    store: StoreResource,
    registry: RegistryResource,
    compute: Compute,
    progress: Progress,
    run_lock: RunLock,
) -> Iterator[dg.Output[ItemDistributions]]:
    """The users most likely to want each item that has no vector of the version in force."""
    from assets.folding_in import with_provisional
    from assets.version_in_force import version_to_place

    settings: DistributionConfig = config.build()  # type: ignore[attr-defined]
    known = registry.open()
    with store.open() as opened:
        number = version_to_place(known, opened, asked=settings.version)
        if number is None:
            context.log.info("no version is accepted or published: nothing is placed")
            return
        version = with_provisional(load_version(known, number, cache=registry.cache()), opened)
        waiting = waiting_items(opened, number, warm_items=version.warm_items)
    compute.apply()
    value = distributions_of(
        version, waiting, k=settings.users_per_item, report=progress.reporter(context, "audiences")
    )
    yield dg.Output(
        value, metadata={"version": number, "items": len(value), "users_per_item": value.top.users_per_item}
    )
