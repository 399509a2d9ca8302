"""What must hold of the collaborative vectors before a language model learns from them."""

from typing import Any

import dagster as dg

from assets.bpr_embeddings import bpr_embeddings as asset
from assets.interaction_snapshot import snapshots
from data.snapshot import Snapshot
from expectations.check_result import check_result
from expectations.finding import Finding


@dg.asset_check(
    asset=asset,
    blocking=True,
    additional_ins={"interaction_snapshot": dg.AssetIn()},
    partitions_def=snapshots,
)
def vectors_are_whole(bpr_embeddings: Any, interaction_snapshot: Snapshot) -> dg.AssetCheckResult:
    """Finite, no dead rows, one row per user and per warm item."""
    snapshot = interaction_snapshot
    return check_result(
        vector_findings(bpr_embeddings, n_users=snapshot.n_users, warm_items=snapshot.split.warm_items)
    )


@dg.asset_check(asset=asset, additional_ins={"interaction_snapshot": dg.AssetIn()}, partitions_def=snapshots)
def validation_is_above_popularity(
    bpr_embeddings: Any, interaction_snapshot: Snapshot
) -> dg.AssetCheckResult:
    """Warm validation Recall@20 is above popularity; a warning, since it judges and does not stop."""
    import numpy as np

    from assets.judging import mean_recall, validation_task, warm_recall
    from evaluation.scorer import FactorScorer

    snapshot = interaction_snapshot
    judge = warm_recall(snapshot)
    if judge is None:
        return check_result([above_popularity(None, None)])
    counts = np.bincount(snapshot.split.train[:, 1], minlength=snapshot.n_items)
    popularity = FactorScorer(
        np.ones((snapshot.n_users, 1), dtype=np.float32), counts[:, None].astype(np.float32)
    )
    baseline = mean_recall(popularity, validation_task(snapshot, "warm"))
    return check_result([above_popularity(judge(bpr_embeddings), baseline)])


def vector_findings(embeddings: Any, *, n_users: int, warm_items: Any) -> list[Finding]:
    """Findings on ``users`` (U, D), ``warm_items`` (W, D) and ``warm_item_index`` (W,) of the embeddings."""
    from expectations.arrays import equal_arrays, finite, no_dead_rows, shape_is

    width = embeddings.users.shape[-1]
    return [
        shape_is("user vectors", embeddings.users, (n_users, width)),
        shape_is("item vectors", embeddings.warm_items, (len(warm_items), width)),
        equal_arrays("the items are the snapshot's warm items", embeddings.warm_item_index, warm_items),
        finite("user vectors", embeddings.users),
        finite("item vectors", embeddings.warm_items),
        no_dead_rows("user vectors", embeddings.users),
        no_dead_rows("item vectors", embeddings.warm_items),
    ]


def above_popularity(recall: float | None, popularity: float | None) -> Finding:
    """The vectors' recall must exceed that of popularity; None where no warm pair is held out."""
    name = "warm validation Recall@20 is above popularity"
    if recall is None or popularity is None:
        return Finding(name, True, "no held-out warm pairs", "not judged", [], "warning")
    return Finding(name, recall > popularity, round(recall, 4), f"above {popularity:.4f}", [], "warning")
