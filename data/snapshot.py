"""Snapshot: interactions, texts, ids and split, frozen, with a content hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from data.errors import input_error
from data.id_map import IdMap
from data.interactions import Interactions
from data.item_texts import ItemTexts
from data.snapshot_hash import content_hash
from data.split import Protocol, Split, pair_keys

MANIFEST_FILE = "manifest.json"
USERS_FILE = "users.parquet"
ITEMS_FILE = "items.parquet"
INTERACTIONS_FILE = "interactions.parquet"
ROW_GROUP = 1 << 20  # interactions written at a time
REMEDY = "delete the folder and materialize the snapshot again"


@dataclass(frozen=True)
class Manifest:
    """What a snapshot says about itself.

    Attributes:
        key: Name of the snapshot: creation order and the start of the content hash.
        content_hash: SHA-256 (64 hex digits) over ids, texts, pairs, times, weights and split.
        protocol: How the split was made.
        counts: Name -> number, such as users, items, pairs, and what was dropped and why.
        watermark: How far the store had been read.
        created_at: UTC time in ISO 8601.
        warnings: Sentences a person should see.
        holdout_threshold: Hash threshold of a live split, else None.
        split_choice: The settings of the split.
    """

    key: str
    content_hash: str
    protocol: Protocol
    counts: dict[str, int]
    watermark: dict[str, int]
    created_at: str
    warnings: list[str] = field(default_factory=list)
    holdout_threshold: float | None = None
    split_choice: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything a retraining reads, in dense indices.

    Args:
        users: The vocabulary: exactly the users with a training pair, by rising token index; U ids.
        user_tokens: The append-only token index of each user, shape (U,), int64, rising.
        items: All items, with and without interactions; I ids.
        texts: One text per item.
        interactions: The split's pairs, each once, sorted by user_index, then item_index. A pair's time is
            that of its first event with a known time, its weight that of its latest event.
        split: Which of these pairs train, and the role of each item.
        manifest: Counts, watermark and hash.

    Raises:
        ValueError: If lengths disagree, tokens do not rise, a user has no training pair, or the split's pairs
            are not the interactions.
    """

    users: IdMap
    user_tokens: NDArray[np.int64]
    items: IdMap
    texts: ItemTexts
    interactions: Interactions
    split: Split
    manifest: Manifest

    def __post_init__(self) -> None:
        sizes = {"users": self.n_users, "items": self.n_items}
        given = {
            "user_tokens": (len(self.user_tokens), sizes["users"]),
            "texts": (len(self.texts), sizes["items"]),
            "item_role": (len(self.split.item_role), sizes["items"]),
            "interactions.n_users": (self.interactions.n_users, sizes["users"]),
            "interactions.n_items": (self.interactions.n_items, sizes["items"]),
            "split.pairs": (self.split.n_pairs, len(self.interactions)),
        }
        for name, (found, expected) in given.items():
            if found != expected:
                raise ValueError(f"{name} must count {expected}, got {found}")
        if self.n_users and (np.diff(self.user_tokens) <= 0).any():
            raise ValueError("user_tokens must rise with user_index; order the users by token")
        trained = np.zeros(self.n_users, dtype=np.bool_)
        trained[self.split.train[:, 0]] = True
        if not trained.all():
            named = self.users.ids_of(np.flatnonzero(~trained)[:3])
            raise ValueError(
                f"every user must have a training pair, got {int((~trained).sum())} without: {named}"
            )
        _require_same_pairs(self.split, self.interactions)

    @property
    def key(self) -> str:
        """The manifest's key."""
        return self.manifest.key

    @property
    def content_hash(self) -> str:
        """The manifest's content hash."""
        return self.manifest.content_hash

    @property
    def n_users(self) -> int:
        """U."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.items)

    @property
    def parts(self) -> NDArray[np.int8]:
        """The :class:`data.split.PairPart` of each of ``interactions.pairs``, shape (N,), int8."""
        return self.split.parts[np.argsort(self.split.keys)]

    def with_manifest(self, **changes: object) -> Snapshot:
        """The same snapshot with other values in its manifest."""
        return replace(self, manifest=replace(self.manifest, **changes))  # type: ignore[arg-type]

    def save(self, directory: Path) -> None:
        """Write ``users.parquet``, ``items.parquet``, ``interactions.parquet`` and ``manifest.json``.

        Args:
            directory: An existing folder.
        """
        tables = {
            USERS_FILE: {"user_id": pa.array(self.users.ids, pa.string()), "token": self.user_tokens},
            ITEMS_FILE: {
                "item_id": pa.array(self.items.ids, pa.string()),
                "text": pa.array(list(self.texts), pa.string()),
                "role": self.split.item_role,
            },
        }
        for name, columns in tables.items():
            parquet.write_table(pa.table(columns), directory / name, compression="zstd")
        _write_interactions(directory / INTERACTIONS_FILE, self.interactions, self.parts)
        files = {name: _digest(directory / name) for name in (*tables, INTERACTIONS_FILE)}
        text = json.dumps({**asdict(self.manifest), "files": files}, indent=2, ensure_ascii=False)
        (directory / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Snapshot:
        """Read a snapshot back.

        Raises:
            InputError: If a file is missing or damaged (the message names it), or the content does not have
                the manifest's hash.
        """
        manifest, files = _read_manifest(directory / MANIFEST_FILE)
        for name in (USERS_FILE, ITEMS_FILE, INTERACTIONS_FILE):
            _require_intact(directory / name, files.get(name))
        users, items = (parquet.read_table(directory / name) for name in (USERS_FILE, ITEMS_FILE))
        user_map = IdMap(users.column("user_id").to_pylist())
        item_map = IdMap(items.column("item_id").to_pylist())
        texts = ItemTexts(items.column("text").to_pylist())
        interactions, parts = _read_interactions(
            directory / INTERACTIONS_FILE, n_users=len(user_map), n_items=len(item_map)
        )
        split = Split.from_parts(
            manifest.protocol,
            interactions.pairs,
            parts=parts,
            item_role=_numbers(items, "role"),
            holdout_threshold=manifest.holdout_threshold,
        )
        found = content_hash(user_map, item_map, texts=texts, interactions=interactions, split=split)
        if found != manifest.content_hash:
            raise input_error(
                directory / MANIFEST_FILE,
                f"the content hash is {manifest.content_hash}, but the files beside it hash to {found}",
                remedy=REMEDY,
            )
        return cls(user_map, _numbers(users, "token"), item_map, texts, interactions, split, manifest)


def _require_same_pairs(split: Split, interactions: Interactions) -> None:
    keys = split.keys
    keys.sort()
    if np.array_equal(keys, pair_keys(interactions.pairs, interactions.n_items)):
        return
    ordered = split.pairs[np.argsort(split.keys)]
    differing = np.flatnonzero((ordered != interactions.pairs).any(axis=1))
    at = differing[0]
    raise ValueError(
        "the split's pairs must be the interactions, sorted by user_index, then item_index; "
        f"got {ordered[at].tolist()} in the split where {interactions.pairs[at].tolist()} stands, "
        f"{differing.size} rows differ"
    )


def _write_interactions(path: Path, interactions: Interactions, parts: NDArray[np.int8]) -> None:
    """One row group at a time, so that no second copy of all of them is made."""
    columns: dict[str, NDArray[Any]] = {
        "user_index": interactions.pairs[:, 0],
        "item_index": interactions.pairs[:, 1],
        "time": interactions.times,
        "weight": interactions.weights,
        "part": parts,
    }
    schema = pa.schema([(name, pa.from_numpy_dtype(column.dtype)) for name, column in columns.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, max(len(parts), 1), ROW_GROUP):
            rows = {name: column[start : start + ROW_GROUP] for name, column in columns.items()}
            writer.write_table(pa.table(rows, schema), row_group_size=ROW_GROUP)


def _read_interactions(path: Path, *, n_users: int, n_items: int) -> tuple[Interactions, NDArray[np.int8]]:
    """Interactions and the part of each, read a column at a time."""

    def column(name: str) -> NDArray[Any]:
        return _numbers(parquet.read_table(path, columns=[name]), name)

    users = column("user_index")
    pairs = np.empty((len(users), 2), dtype=np.int64)
    pairs[:, 0] = users
    del users
    pairs[:, 1] = column("item_index")
    return Interactions(pairs, column("time"), column("weight"), n_users, n_items), column("part")


def _read_manifest(path: Path) -> tuple[Manifest, dict[str, str]]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        files = values.pop("files")
        if set(values) != {field.name for field in fields(Manifest)}:
            raise ValueError(f"its fields are {sorted(values)}")
        return Manifest(**values), files
    except FileNotFoundError as error:
        raise input_error(path, "the snapshot's manifest is missing", remedy=REMEDY) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise input_error(path, f"not the manifest of a snapshot: {error}", remedy=REMEDY) from error


def _require_intact(path: Path, digest: str | None) -> None:
    if not path.is_file():
        raise input_error(path, "a file of the snapshot is missing", remedy=REMEDY)
    found = _digest(path)
    if found != digest:
        raise input_error(
            path, f"the file is damaged: SHA-256 should be {digest}, got {found}", remedy=REMEDY
        )


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    return table.column(name).to_numpy()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
