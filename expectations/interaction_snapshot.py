"""What must hold of a snapshot before anything is trained on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from assets.interaction_snapshot import interaction_snapshot as asset
from assets.interaction_snapshot import snapshots
from assets.resources import StoreResource
from data.snapshot import Snapshot
from expectations.check_result import check_result
from expectations.finding import Finding, count_finding

LEAST_SHARE = 0.5  # the store never deletes, so half of the last volume can only mean a broken copy
LARGEST_GROWTH = (
    10.0  # more than this between two snapshots is worth a look, yet may be an honest first import
)


@dg.asset_check(asset=asset, blocking=True, partitions_def=snapshots)
def tables_are_sound(interaction_snapshot: Snapshot) -> dg.AssetCheckResult:
    """Keys unique, no pair twice, times sane, texts present, weights not negative."""
    from expectations.snapshot_tables import Bounds, table_findings

    created = datetime.fromisoformat(interaction_snapshot.manifest.created_at)
    bounds = Bounds(interaction_snapshot.n_users, interaction_snapshot.n_items, int(created.timestamp()))
    return check_result(table_findings(snapshot_tables(interaction_snapshot), bounds))


@dg.asset_check(asset=asset, blocking=True, partitions_def=snapshots)
def held_out_is_absent_from_training(interaction_snapshot: Snapshot) -> dg.AssetCheckResult:
    """No held-out item and no held-out pair is trained on; both phases have held-out items."""
    return check_result(holdout_findings(snapshot_tables(interaction_snapshot)))


@dg.asset_check(asset=asset, blocking=True, partitions_def=snapshots)
def volume_is_near_the_last_snapshot(
    interaction_snapshot: Snapshot, store: StoreResource
) -> dg.AssetCheckResult:
    """Users, items and events of the store have not shrunk, nor grown beyond belief."""
    with store.open() as opened:
        earlier = [
            row for row in opened.snapshots() if row.key < interaction_snapshot.key and row.state == "ready"
        ]
    last = earlier[-1].watermark.as_dict() if earlier else None
    return check_result(volume_findings(interaction_snapshot.manifest.watermark, last))


def snapshot_tables(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """The snapshot as the three tables that it rests in."""
    interactions = snapshot.interactions
    return {
        "users": {"user_id": snapshot.users.ids, "token": snapshot.user_tokens},
        "items": {
            "item_id": snapshot.items.ids,
            "text": list(snapshot.texts),
            "role": snapshot.split.item_role,
        },
        "interactions": {
            "user_index": interactions.pairs[:, 0],
            "item_index": interactions.pairs[:, 1],
            "time": interactions.times,
            "weight": interactions.weights,
            "part": snapshot.parts,
        },
    }


def holdout_findings(tables: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Doubt the split once more, from the tables alone.

    Args:
        tables: As :func:`snapshot_tables` gives them.

    Returns:
        Held-out items with training pairs, pairs on both sides, and whether each phase has held-out pairs.
    """
    import numpy as np

    from data.split import ItemRole, PairPart

    users, items, part = (
        np.asarray(tables["interactions"][name]) for name in ("user_index", "item_index", "part")
    )
    role, ids = np.asarray(tables["items"]["role"]), tables["items"]["item_id"]
    held_out = np.isin(role, [ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST])
    train = part == PairPart.TRAIN
    leaked = np.unique(items[train & held_out[items]])
    keys = users.astype(np.int64) * len(role) + items
    twice = np.intersect1d(keys[train], keys[~train])
    both = [{"user_index": int(key // len(role)), "item_id": ids[key % len(role)]} for key in twice[:10]]
    phases = {
        "validation": int(np.isin(part, [PairPart.COLD_VALIDATION]).sum()),
        "test": int(np.isin(part, [PairPart.COLD_TEST]).sum()),
    }
    return [
        count_finding("held-out items are absent from training", [ids[item] for item in leaked]),
        count_finding("no pair is trained on and held out", both, count=len(twice)),
        *(
            Finding(f"{phase} has pairs of held-out items", count > 0, count, "at least 1")
            for phase, count in phases.items()
        ),
    ]


def volume_findings(now: Mapping[str, int], last: Mapping[str, int] | None) -> list[Finding]:
    """Compare how much the store held with what it held at the last snapshot.

    Args:
        now: Watermark of this snapshot: ``n_users``, ``n_items``, ``n_interactions``.
        last: That of the last finished snapshot; None before the first.

    Returns:
        Shrinking is an error, growth beyond belief a warning.
    """
    names = {"n_users": "users", "n_items": "items", "n_interactions": "events"}
    if last is None:
        return [
            Finding(f"there are {word}", now[name] > 0, now[name], "at least 1")
            for name, word in names.items()
        ]
    findings = []
    for name, word in names.items():
        least, most = LEAST_SHARE * last[name], LARGEST_GROWTH * max(last[name], 1)
        findings += [
            Finding(f"{word} did not shrink", now[name] >= least, now[name], f"at least {least:,.0f}"),
            Finding(
                f"{word} grew within reason",
                now[name] <= most,
                now[name],
                f"at most {most:,.0f}",
                [],
                "warning",
            ),
        ]
    return findings
