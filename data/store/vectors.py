"""Vectors and audiences of a model version: written whole, read back as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from zlib import crc32

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.errors import StoreError
from data.store.bulk import Row, insert_rows, rows_of
from data.store.users_items import item_keys, user_keys
from data.tables import audiences, item_vectors, items, provisional_users, user_vectors, users

ItemKind = Literal["warm", "cold", "held_out"]
STORED = np.dtype("<f4")
CHECK_BYTES = 4
LOG_PROBABILITY_SLACK = 1e-3  # nats above 0 that float32 rounding may leave


@dataclass(frozen=True, eq=False)
class UserVectors:
    """Users of a model version.

    Args:
        user_ids: Shape (U,), strings.
        vectors: Shape (U, D), float32, finite.
    """

    user_ids: Sequence[str] | NDArray[np.object_]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        _require_vectors("user", self.user_ids, self.vectors)

    def __len__(self) -> int:
        return len(self.user_ids)


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Items of a model version.

    Args:
        item_ids: Shape (I,), strings.
        kinds: Shape (I,): ``warm`` (trained on), ``cold`` (placed by text), ``held_out`` (placed by events).
        text_hashes: Shape (I,): :func:`data.item_texts.text_hash` of the text in use at the time.
        vectors: Shape (I, D), float32, finite.
        n_events: Events of each item when its vector was made, shape (I,): those since then are news to it.
    """

    item_ids: Sequence[str] | NDArray[np.object_]
    kinds: Sequence[str] | NDArray[np.object_]
    text_hashes: Sequence[str] | NDArray[np.object_]
    vectors: NDArray[np.float32]
    n_events: Sequence[int] | NDArray[np.int64]

    def __post_init__(self) -> None:
        _require_vectors("item", self.item_ids, self.vectors)
        for name in ("kinds", "text_hashes", "n_events"):
            n = len(getattr(self, name))
            if n != len(self.item_ids):
                raise ValueError(f"{name} must be {len(self.item_ids)} long like item_ids, got {n}")
        unknown = sorted(set(self.kinds) - set(get_args(ItemKind)))
        if unknown:
            raise ValueError(f"kinds must be among {', '.join(get_args(ItemKind))}, got {unknown[0]!r}")

    def __len__(self) -> int:
        return len(self.item_ids)


@dataclass(frozen=True, eq=False)
class Audiences:
    """The most probable users of C items, K for each.

    Args:
        item_ids: Shape (C,), strings, each with a vector in the same version.
        user_ids: Shape (C, K), object holding ``str``, by falling probability.
        log_probabilities: Shape (C, K), nats, normalised over all users, finite, at most 0.
    """

    item_ids: Sequence[str] | NDArray[np.object_]
    user_ids: NDArray[np.object_]
    log_probabilities: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        shape = np.shape(self.user_ids)
        if len(shape) != 2 or shape[0] != len(self.item_ids):
            raise ValueError(f"user_ids must have shape ({len(self.item_ids)}, K), got {shape}")
        if np.shape(self.log_probabilities) != shape:
            got = np.shape(self.log_probabilities)
            raise ValueError(f"log_probabilities must have shape {shape} like user_ids, got {got}")
        logs = np.asarray(self.log_probabilities)
        if logs.size and not (np.isfinite(logs).all() and logs.max() <= LOG_PROBABILITY_SLACK):
            raise ValueError("log_probabilities must be finite and at most 0 nats, got a value outside")

    def __len__(self) -> int:
        return len(self.item_ids)


NO_AUDIENCES = Audiences([], np.empty((0, 0), dtype=object), np.empty((0, 0), dtype=np.float32))


@dataclass(frozen=True, eq=False)
class AudienceRows:
    """Audiences flat, by item_key and rank.

    Args:
        item_ids, user_ids: Shape (n,), object holding ``str``.
        ranks: Shape (n,), int64, 0 is the most probable user.
        log_probabilities: Shape (n,), float64 nats.
    """

    item_ids: NDArray[np.object_]
    user_ids: NDArray[np.object_]
    ranks: NDArray[np.int64]
    log_probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.item_ids)


def write_users(connection: Connection, version: int, vectors: UserVectors) -> None:
    """Write the user vectors of a version that has none.

    Raises:
        KeyError: If a user is not in the store.
    """
    keys = _keys("user", vectors.user_ids, user_keys(connection))
    rows = ((version, key, blob) for key, blob in zip(keys, _blobs(vectors.vectors), strict=True))
    insert_rows(connection, "user_vectors", ("version", "user_key", "vector"), rows)


def write_items(connection: Connection, version: int, vectors: ItemVectors) -> None:
    """Write item vectors of a version; an item that has one already gets the new one.

    Raises:
        KeyError: If an item is not in the store.
    """
    keys = _keys("item", vectors.item_ids, item_keys(connection))
    _forget_items(connection, version, keys)
    columns = (
        keys,
        list(vectors.kinds),
        list(vectors.text_hashes),
        _blobs(vectors.vectors),
        [int(count) for count in vectors.n_events],
    )
    rows = ((version, *record) for record in zip(*columns, strict=True))
    names = ("version", "item_key", "kind", "text_hash", "vector", "n_events")
    insert_rows(connection, "item_vectors", names, rows)


def write_audiences(connection: Connection, version: int, found: Audiences) -> None:
    """Write audiences of a version for items that have none there.

    Raises:
        KeyError: If an item or a user is not in the store.
    """
    n_items, k = np.shape(found.user_ids)
    item_key = np.asarray(_keys("item", found.item_ids, item_keys(connection)), dtype=np.int64)
    user_key = _keys("user", found.user_ids.ravel(), user_keys(connection))
    logs = np.minimum(np.asarray(found.log_probabilities, dtype=np.float64).ravel(), 0.0)
    rows: Iterator[Row] = rows_of(
        np.full(n_items * k, version), item_key.repeat(k), np.tile(np.arange(k), n_items), user_key, logs
    )
    columns = ("version", "item_key", "rank", "user_key", "log_probability")
    insert_rows(connection, "audiences", columns, rows)


def forget_vectors(connection: Connection, version: int) -> None:
    """Delete all vectors and audiences of a version, provisional users too."""
    for table in (audiences, item_vectors, user_vectors, provisional_users):
        connection.execute(sa.delete(table).where(table.c.version == version))


def read_user_vectors(connection: Connection, version: int, *, dimension: int) -> UserVectors:
    """Read the U users of a version in user_key order."""
    statement = (
        sa.select(users.c.user_id, user_vectors.c.vector)
        .join(users, users.c.user_key == user_vectors.c.user_key)
        .where(user_vectors.c.version == version)
        .order_by(user_vectors.c.user_key)
    )
    rows = connection.execute(statement).all()
    ids = _object([row[0] for row in rows])
    return UserVectors(ids, _matrix([row[1] for row in rows], dimension, of=("user", ids, version)))


def read_item_vectors(connection: Connection, version: int, *, dimension: int) -> ItemVectors:
    """Read the I items of a version in item_key order."""
    stored = item_vectors.c
    statement = (
        sa.select(items.c.item_id, stored.kind, stored.text_hash, stored.n_events, stored.vector)
        .join(items, items.c.item_key == stored.item_key)
        .where(stored.version == version)
        .order_by(stored.item_key)
    )
    rows = connection.execute(statement).all()
    ids, kinds, hashes = (_object([row[at] for row in rows]) for at in range(3))
    n_events = np.asarray([row[3] for row in rows], dtype=np.int64)
    vectors = _matrix([row[4] for row in rows], dimension, of=("item", ids, version))
    return ItemVectors(ids, kinds, hashes, vectors, n_events)


def read_audiences(
    connection: Connection, version: int, item_ids: Sequence[str] | None = None
) -> AudienceRows:
    """Read the audiences of a version, of all its items or of some, by item_key and rank."""
    stored = audiences.c
    statement = (
        sa.select(items.c.item_id, users.c.user_id, stored.rank, stored.log_probability)
        .join(items, items.c.item_key == stored.item_key)
        .join(users, users.c.user_key == stored.user_key)
        .where(stored.version == version)
        .order_by(stored.item_key, stored.rank)
    )
    if item_ids is not None:
        statement = statement.where(items.c.item_id.in_(list(item_ids)))
    rows = connection.execute(statement).all()
    return AudienceRows(
        item_ids=_object([row[0] for row in rows]),
        user_ids=_object([row[1] for row in rows]),
        ranks=np.asarray([row[2] for row in rows], dtype=np.int64),
        log_probabilities=np.asarray([row[3] for row in rows], dtype=np.float64),
    )


def read_audience_counts(connection: Connection, version: int, *, k: int) -> NDArray[np.int64]:
    """Count the audiences in which each user is among the first ``k``, shape (n,); users in none are left out."""
    stored = audiences.c
    statement = (
        sa.select(sa.func.count())
        .where(stored.version == version, stored.rank < k)
        .group_by(stored.user_key)
        .order_by(stored.user_key)
    )
    return np.asarray(connection.execute(statement).scalars().all(), dtype=np.int64)


def _forget_items(connection: Connection, version: int, keys: list[int]) -> None:
    for table in (audiences, item_vectors):
        known = set(
            connection.execute(
                sa.select(table.c.item_key).where(table.c.version == version).distinct()
            ).scalars()
        )
        doomed = [{"key": key} for key in keys if key in known]
        if doomed:
            one = sa.and_(table.c.version == version, table.c.item_key == sa.bindparam("key"))
            connection.execute(sa.delete(table).where(one), doomed)


def _keys(kind: str, ids: Sequence[str] | NDArray[np.object_], known: dict[str, int]) -> list[int]:
    keys = [known.get(value, 0) for value in ids]
    if 0 in keys:
        unknown = [ids[at] for at, key in enumerate(keys) if key == 0]
        named = ", ".join(map(repr, unknown[:5]))
        raise KeyError(
            f"{kind}_ids must be in the store, got {len(unknown)} unknown: {named}; import them first"
        )
    return keys


def _require_vectors(
    kind: str, ids: Sequence[str] | NDArray[np.object_], vectors: NDArray[np.float32]
) -> None:
    if vectors.ndim != 2 or len(vectors) != len(ids):
        raise ValueError(f"{kind} vectors must have shape ({len(ids)}, D), got {vectors.shape}")
    if vectors.dtype != np.float32:
        raise TypeError(f"{kind} vectors must be float32, got {vectors.dtype}")
    if len(set(ids)) != len(ids):
        raise ValueError(f"{kind}_ids must be distinct, got {len(ids)} with {len(set(ids))} distinct")
    dead = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if dead.size:
        raise ValueError(f"{kind} vectors must be finite, got NaN or infinity for {ids[dead[0]]!r}")


def _blobs(vectors: NDArray[np.float32]) -> list[bytes]:
    """The numbers of each vector, and behind them their CRC-32: a flipped byte of a float is a float too."""
    rows = (row.tobytes() for row in np.ascontiguousarray(vectors, dtype=STORED))
    return [row + crc32(row).to_bytes(CHECK_BYTES, "little") for row in rows]


def _matrix(
    blobs: list[bytes], dimension: int, *, of: tuple[str, NDArray[np.object_], int]
) -> NDArray[np.float32]:
    """Read vectors of some users or items of a version; those of an older coldcast have no check behind them."""
    size = STORED.itemsize * dimension
    for at, blob in enumerate(blobs):
        check = blob[size:]
        if len(blob) < size or (check and crc32(blob[:size]) != int.from_bytes(check, "little")):
            kind, ids, version = of
            raise StoreError(
                f"the published vector of {kind} {ids[at]!r} in version {version} is damaged. Remedy: "
                "`coldcast rollback` to the version before, or restore a backup of the store"
            )
    flat = np.frombuffer(b"".join(blob[:size] for blob in blobs), dtype=STORED).astype(np.float32)
    return flat.reshape(len(blobs), dimension)


def _object(values: list[str]) -> NDArray[np.object_]:
    return np.asarray(values, dtype=object)
