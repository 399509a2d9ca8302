"""What must hold of the vectors that are published, before anything is judged by them."""

from typing import Any

import dagster as dg

from assets.interaction_snapshot import snapshots
from assets.published_space import published_space as asset
from data.snapshot import Snapshot
from expectations.bpr_embeddings import vector_findings
from expectations.check_result import check_result


@dg.asset_check(
    asset=asset,
    blocking=True,
    additional_ins={"interaction_snapshot": dg.AssetIn()},
    partitions_def=snapshots,
)
def published_space_is_whole(published_space: Any, interaction_snapshot: Snapshot) -> dg.AssetCheckResult:
    """Finite, no dead rows, one row per user and per warm item."""
    snapshot = interaction_snapshot
    return check_result(
        vector_findings(published_space, n_users=snapshot.n_users, warm_items=snapshot.split.warm_items)
    )
