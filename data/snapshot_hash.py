"""The content hash of a snapshot: equal exactly where two snapshots hold the same."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from data.blocks import blocks
from data.id_map import IdMap
from data.interactions import Interactions
from data.item_texts import ItemTexts
from data.split import Split

HASH_VERSION = "coldcast snapshot 1"


def content_hash(
    users: IdMap, items: IdMap, *, texts: ItemTexts, interactions: Interactions, split: Split
) -> str:
    """Hash a snapshot's content, whatever order users, items and pairs stand in.

    Users and items are put in the order of their ids, pairs in the order of both, and then hashed with
    times, weights, parts, texts and roles. User tokens and dates are no content: two stores that were told
    the same in another order hash alike.

    Returns:
        SHA-256, 64 hex digits.
    """
    user_order, user_rank = _ranks(users)
    item_order, item_rank = _ranks(items)
    digest = hashlib.sha256(f"{HASH_VERSION} {split.protocol}".encode())
    for values in (users.ids[user_order], items.ids[item_order], texts[item_order]):
        _add_texts(digest, values)
    digest.update(_bytes(split.item_role[item_order], "<i1"))
    pairs = interactions.pairs
    order = np.argsort(_rank_keys(pairs, user_rank, item_rank))
    for rows in blocks(len(order)):
        users_of, items_of = pairs[order[rows]].T
        digest.update(_bytes(np.stack([user_rank[users_of], item_rank[items_of]], axis=1), "<i8"))
    for column, dtype in ((interactions.times, "<i8"), (interactions.weights, "<f4")):
        for rows in blocks(len(order)):
            digest.update(_bytes(column[order[rows]], dtype))
    del order
    in_split = [_rank_keys(pairs, user_rank, item_rank) for pairs in split.by_part().values()]
    digest.update(_bytes(split.parts[np.argsort(np.concatenate(in_split))], "<i1"))
    return digest.hexdigest()


def _ranks(ids: IdMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order that sorts the ids, and each index's place in it."""
    order = np.array(sorted(range(len(ids)), key=ids.ids.__getitem__), dtype=np.int64)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    return order, rank


def _rank_keys(
    pairs: NDArray[np.int64], user_rank: NDArray[np.int64], item_rank: NDArray[np.int64]
) -> NDArray[np.int64]:
    """One integer per pair that orders by the ids of user and item, shape (N,)."""
    keys = np.empty(len(pairs), dtype=np.int64)
    for rows in blocks(len(pairs)):
        keys[rows] = user_rank[pairs[rows, 0]] * np.int64(len(item_rank)) + item_rank[pairs[rows, 1]]
    return keys


def _add_texts(digest: hashlib._Hash, values: NDArray[np.object_] | list[str]) -> None:
    digest.update(len(values).to_bytes(8, "little"))
    for value in values:
        encoded = value.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)


def _bytes(values: NDArray[np.generic], dtype: str) -> bytes:
    return np.ascontiguousarray(values, dtype=dtype).tobytes()
