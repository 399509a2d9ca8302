"""Station 1: a frozen copy of what the store holds, and what of it is held out."""

import dagster as dg

from assets.progress import Progress
from assets.resources import RegistryResource, StoreResource
from assets.run_lock import RunLock
from assets.station_record import Recorded
from assets.values import VALUE_TYPE
from assets.work import at_work

snapshots = dg.DynamicPartitionsDefinition(name="snapshot")


@dg.asset(
    partitions_def=snapshots,
    group_name="training",
    kinds={"parquet"},
    metadata={VALUE_TYPE: "data.snapshot:Snapshot"},
)
def interaction_snapshot(
    context: dg.AssetExecutionContext,
    store: StoreResource,
    registry: RegistryResource,
    progress: Progress,
    run_lock: RunLock,
) -> dg.Output[Recorded]:
    """A frozen copy of users, items, texts and interactions, with its split into training and held-out pairs."""
    from data.snapshot_plan import freeze_snapshot

    with (
        store.open() as opened,
        at_work(context, registry, progress, parameters={"snapshot": context.partition_key}) as work,
    ):
        snapshot = freeze_snapshot(opened, context.partition_key)
        manifest = snapshot.manifest
        work.tracked.metrics({name: float(count) for name, count in manifest.counts.items()})
        return work.output(
            snapshot,
            **manifest.counts,
            content_hash=manifest.content_hash,
            protocol=manifest.protocol,
            watermark=dg.MetadataValue.json(dict(manifest.watermark)),
            warnings=dg.MetadataValue.json(list(manifest.warnings)),
        )
