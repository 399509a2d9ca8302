"""Snapshots: one row for each frozen copy, in the order of creation; the copy itself rests outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data.store.interactions import Watermark
from data.tables import snapshots

SnapshotState = Literal["building", "ready", "failed"]
HASH_PREFIX = 12  # hex digits of the content hash in a snapshot's key


@dataclass(frozen=True)
class SnapshotRow:
    """What the store remembers of a snapshot.

    Args:
        sequence: 1, 2, ...; never given twice.
        key: ``sequence-hash prefix``, such as ``000007-3f2a90c1d4e5``; sorts by creation.
        content_hash: Hex digest of the content; equal content, equal hash.
        protocol: How it was split, such as ``live``.
        watermark: How far the store had got.
        holdout_threshold: The share of the hash range that was held out; None where a split was given.
        split_choice: The settings of the split, a JSON object that the store does not read.
        created_at: Unix seconds.
        state: ``building`` until its files are complete, then ``ready``, or ``failed``.
    """

    sequence: int
    key: str
    content_hash: str
    protocol: str
    watermark: Watermark
    holdout_threshold: float | None
    split_choice: str
    created_at: int
    state: SnapshotState


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to be entered; fields as in :class:`SnapshotRow`."""

    content_hash: str
    protocol: str
    watermark: Watermark
    holdout_threshold: float | None
    split_choice: str
    created_at: int


def add_snapshot(connection: Connection, new: NewSnapshot) -> SnapshotRow:
    """Enter a snapshot in state ``building`` under the next sequence number.

    Raises:
        ValueError: If the content hash is shorter than the prefix a key shows.
    """
    if len(new.content_hash) < HASH_PREFIX:
        raise ValueError(f"content_hash must have at least {HASH_PREFIX} digits, got {new.content_hash!r}")
    values = {
        "content_hash": new.content_hash,
        "protocol": new.protocol,
        "watermark_interaction": new.watermark.interaction_key,
        "watermark_revision": new.watermark.item_revision,
        "n_users": new.watermark.n_users,
        "n_items": new.watermark.n_items,
        "n_interactions": new.watermark.n_interactions,
        "holdout_threshold": new.holdout_threshold,
        "split_choice": new.split_choice,
        "created_at": new.created_at,
        "state": "building",
    }
    # The key contains the number that the database gives out, so the row is entered, then named.
    unnamed = f"unnamed-{new.content_hash}"
    result = connection.execute(
        sa.insert(snapshots).values(key=unnamed, **values).returning(snapshots.c.sequence)
    )
    sequence = int(result.scalar_one())
    key = f"{sequence:06d}-{new.content_hash[:HASH_PREFIX]}"
    connection.execute(sa.update(snapshots).where(snapshots.c.sequence == sequence).values(key=key))
    return snapshot_row(connection, key)


def snapshot_row(connection: Connection, key: str) -> SnapshotRow:
    """Read one snapshot.

    Raises:
        KeyError: If there is none of this key.
    """
    found = connection.execute(sa.select(snapshots).where(snapshots.c.key == key)).mappings().one_or_none()
    if found is None:
        raise KeyError(f"no snapshot has the key {key!r}; the keys are those of snapshot_rows()")
    return _row(found)


def snapshot_rows(connection: Connection) -> list[SnapshotRow]:
    """Read all snapshots, oldest first."""
    found = connection.execute(sa.select(snapshots).order_by(snapshots.c.sequence)).mappings()
    return [_row(row) for row in found]


def latest_snapshot(connection: Connection, state: SnapshotState = "ready") -> SnapshotRow | None:
    """Read the newest snapshot in a state, None where there is none."""
    statement = sa.select(snapshots).where(snapshots.c.state == state)
    newest = statement.order_by(snapshots.c.sequence.desc()).limit(1)
    found = connection.execute(newest).mappings().one_or_none()
    return None if found is None else _row(found)


def set_snapshot_state(connection: Connection, key: str, state: SnapshotState) -> None:
    """Move a snapshot to another state.

    Raises:
        ValueError: If the state is unknown.
        KeyError: If there is no snapshot of this key.
    """
    if state not in get_args(SnapshotState):
        raise ValueError(f"state must be one of {', '.join(get_args(SnapshotState))}, got {state!r}")
    snapshot_row(connection, key)
    connection.execute(sa.update(snapshots).where(snapshots.c.key == key).values(state=state))


def _row(found: sa.RowMapping) -> SnapshotRow:
    return SnapshotRow(
        sequence=found["sequence"],
        key=found["key"],
        content_hash=found["content_hash"],
        protocol=found["protocol"],
        watermark=Watermark(
            interaction_key=found["watermark_interaction"],
            item_revision=found["watermark_revision"],
            n_users=found["n_users"],
            n_items=found["n_items"],
            n_interactions=found["n_interactions"],
        ),
        holdout_threshold=found["holdout_threshold"],
        split_choice=found["split_choice"],
        created_at=found["created_at"],
        state=found["state"],
    )
