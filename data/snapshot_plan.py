"""Plan a snapshot, so that the run knows its name; freeze it, so that the run gets what was planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from data.errors import InputError
from data.id_map import IdMap
from data.snapshot import Snapshot
from data.snapshot_build import StoreContents, build_snapshot
from data.split_choice import SplitChoice
from data.store.interactions import Watermark
from data.store.snapshots import SnapshotRow
from data.store.store import Store
from data.store.world import World

__all__ = ["SnapshotPlan", "SplitChoice", "freeze_snapshot", "plan_snapshot", "preview_snapshot"]


@dataclass(frozen=True)
class SnapshotPlan:
    """A snapshot that has a name and a hash, but no files yet.

    Attributes:
        key: Creation order and hash prefix; the name of the partition.
        content_hash: What the frozen snapshot must hash to.
        is_new: False when the newest snapshot of the store has this very content; ``key`` is its name then.
        choice: The split.
        watermark: How far the store was read.
        holdout_threshold: Hash threshold of a live split, else None.
        counts: What the snapshot will hold.
        warnings: Sentences a person should see.
    """

    key: str
    content_hash: str
    is_new: bool
    choice: SplitChoice
    watermark: dict[str, int]
    holdout_threshold: float | None
    counts: dict[str, int]
    warnings: list[str]


def plan_snapshot(store: Store, choice: SplitChoice, *, again: bool = False) -> SnapshotPlan:
    """Work out what a snapshot taken now would hold, and enter it in the store under the next number.

    Nothing is entered when the newest snapshot has the same content: the plan then names that one.

    Args:
        store: The store.
        choice: Which split to make.
        again: Enter a new snapshot even of unchanged content; one never frozen is used up first.

    Returns:
        The plan.

    Raises:
        InputError: If the store is empty or cannot be split so.
    """
    if choice.directory:  # the run may start in another folder
        choice = replace(choice, directory=str(Path(choice.directory).resolve()))
    draft, watermark = preview_snapshot(store, choice)
    rows = store.snapshots()
    newest = rows[-1] if rows else None
    same = newest is not None and newest.content_hash == draft.content_hash
    if newest is not None and same and not (again and newest.state == "ready"):
        row = newest
    else:
        row = store.add_snapshot(
            draft.content_hash,
            protocol=choice.protocol,
            watermark=watermark,
            holdout_threshold=draft.manifest.holdout_threshold,
            split_choice=choice.to_json(),
        )
    return SnapshotPlan(
        key=row.key,
        content_hash=draft.content_hash,
        is_new=again or not same,
        choice=choice,
        watermark=watermark.as_dict(),
        holdout_threshold=draft.manifest.holdout_threshold,
        counts=draft.manifest.counts,
        warnings=draft.manifest.warnings,
    )


def preview_snapshot(store: Store, choice: SplitChoice) -> tuple[Snapshot, Watermark]:
    """The snapshot a plan would name, without a key, and how far the store was read; writes nothing."""
    draft = build_snapshot(
        contents_at(store.read_world()),
        choice,
        key="",
        created_at="",
        previous_threshold=highest_threshold(store.snapshots(), salt=choice.salt),
    )
    return draft, Watermark(**draft.manifest.watermark)


def freeze_snapshot(store: Store, key: str) -> Snapshot:
    """Make the planned snapshot and give its new users their tokens.

    What arrived after the plan stays outside. Freezing again gives the same snapshot again.

    Args:
        store: The store.
        key: Of a plan.

    Returns:
        The snapshot, with the planned content hash; the store has it as ``ready``.

    Raises:
        InputError: If there is no such plan, or the store no longer holds what was planned, for instance
            because an item's text has changed.
    """
    row = _row_of(store, key)
    snapshot = build_snapshot(
        contents_at(store.read_world(), row.watermark),
        SplitChoice.from_json(row.split_choice),
        key=key,
        created_at=datetime.fromtimestamp(row.created_at, UTC).isoformat(),
        previous_threshold=row.holdout_threshold,
    )
    if snapshot.content_hash != row.content_hash:
        if row.state == "building":
            store.set_snapshot_state(key, "failed")
        raise InputError(
            f"snapshot {key} was planned with the content hash {row.content_hash}, but the store now gives "
            f"{snapshot.content_hash}: a text or the split's files changed since. "
            "Remedy: plan a new snapshot with `coldcast retrain`"
        )
    users = store.read_users()
    by_token = users.user_keys[IdMap(users.user_ids).index_of(snapshot.users.ids)]
    if not np.array_equal(store.assign_tokens(by_token), snapshot.user_tokens):
        raise InputError(
            f"another snapshot gave out user tokens while {key} was being frozen. Remedy: repeat the run"
        )
    store.set_snapshot_state(key, "ready")
    return snapshot


def contents_at(world: World, watermark: Watermark | None = None) -> StoreContents:
    """What the store held at a watermark: a prefix, for keys rise with arrival and nothing is deleted.

    Without a watermark all of it.
    """
    watermark = watermark or world.watermark
    users, items, events = world.users, world.items, world.events
    n_users, n_items, n_events = watermark.n_users, watermark.n_items, watermark.n_interactions
    return StoreContents(
        user_keys=users.user_keys[:n_users],
        user_ids=users.user_ids[:n_users],
        item_keys=items.item_keys[:n_items],
        item_ids=items.item_ids[:n_items],
        texts=items.texts[:n_items].tolist(),
        event_users=events.user_keys[:n_events],
        event_items=events.item_keys[:n_events],
        times=events.times[:n_events],
        weights=events.weights[:n_events],
        token_users=world.token_user_keys,
        watermark=watermark.as_dict(),
    )


def highest_threshold(rows: list[SnapshotRow], *, salt: str) -> float | None:
    """The highest hash threshold that any live snapshot with this salt has used; None before the first."""
    used = [
        row.holdout_threshold
        for row in rows
        if row.holdout_threshold is not None and SplitChoice.from_json(row.split_choice).salt == salt
    ]
    return max(used, default=None)


def _row_of(store: Store, key: str) -> SnapshotRow:
    try:
        return store.snapshot(key)
    except KeyError as error:
        known = [row.key for row in store.snapshots()]
        raise InputError(
            f"no snapshot was planned under the key {key!r}; the store knows {known[-3:] or 'none'}. "
            "Remedy: plan one with `coldcast retrain`"
        ) from error
