"""From what the store holds to a snapshot: one row per pair, the split, the vocabulary, dense indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.blocks import blocks
from data.errors import InputError
from data.holdout import LiveHoldout, live_split
from data.id_map import IdMap
from data.interactions import Interactions
from data.item_texts import ItemTexts
from data.snapshot import Manifest, Snapshot
from data.snapshot_hash import content_hash
from data.split import ItemRole, PairPart, Protocol, Split, pair_keys
from data.split_choice import SplitChoice
from data.split_files import files_split
from data.split_time import time_split


@dataclass(frozen=True, eq=False)
class StoreContents:
    """What the store holds at one watermark, as arrays.

    Attributes:
        user_keys: Integer keys of the U' users, int64, rising.
        user_ids: Their external ids, object.
        item_keys: Integer keys of the I items, int64, rising.
        item_ids: Their external ids, object.
        texts: Their texts.
        event_users: User key of each of the E events, int64.
        event_items: Item key of each event, int64.
        times: Unix seconds of each event, 0 where unknown, int64.
        weights: Weight of each event, float32.
        token_users: User keys in the order of their token indices 0, 1, ..., int64.
        watermark: How far this was read, name -> number.
    """

    user_keys: NDArray[np.int64]
    user_ids: NDArray[np.object_]
    item_keys: NDArray[np.int64]
    item_ids: NDArray[np.object_]
    texts: list[str]
    event_users: NDArray[np.int64]
    event_items: NDArray[np.int64]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]
    token_users: NDArray[np.int64]
    watermark: Mapping[str, int]

    def interactions(self) -> Interactions:
        """The events, with keys replaced by positions in ``user_keys`` and ``item_keys``."""
        pairs = np.empty((len(self.event_users), 2), dtype=np.int64)
        pairs[:, 0] = _positions("user", self.event_users, self.user_keys)
        pairs[:, 1] = _positions("item", self.event_items, self.item_keys)
        return Interactions(pairs, self.times, self.weights, len(self.user_keys), len(self.item_keys))

    def without_events(self) -> StoreContents:
        """The users and items alone."""
        return replace(
            self,
            event_users=self.event_users[:0].copy(),
            event_items=self.event_items[:0].copy(),
            times=self.times[:0].copy(),
            weights=self.weights[:0].copy(),
        )


def build_snapshot(
    contents: StoreContents,
    choice: SplitChoice,
    *,
    key: str,
    created_at: str,
    previous_threshold: float | None = None,
) -> Snapshot:
    """Make the snapshot of a store's contents; touches nothing.

    Columns are let go of as soon as the next are made of them, the contents' own as well: so do not keep
    ``contents``, and some 70 bytes an interaction are held at a time.

    Args:
        contents: What the store holds.
        choice: Which split to make.
        key: Name of the snapshot; may be empty while planning.
        created_at: UTC time in ISO 8601, for the manifest.
        previous_threshold: ``holdout_threshold`` of the last live snapshot.

    Returns:
        The snapshot. Users without a token yet have the tokens they will get: the next ones, by user key.

    Raises:
        InputError: As the split functions; or if the split's files name a pair that is no event of the store.
    """
    n_events = len(contents.times)
    collapsed = one_row_per_pair(contents.interactions())
    contents = contents.without_events()
    assigned = _assigned(contents, collapsed, choice, previous_threshold=previous_threshold)
    vocabulary = _trained_users(collapsed, assigned.parts)  # positions, rising
    tokens = tokens_after(contents.token_users, contents.user_keys[vocabulary])
    user_tokens = _token_indices(tokens, contents.user_keys[vocabulary])
    by_token = np.argsort(user_tokens)
    vocabulary, user_tokens = vocabulary[by_token], user_tokens[by_token]  # (U,)
    n_repeated = n_events - len(collapsed)
    interactions, parts = _dense(collapsed, assigned.parts, vocabulary=vocabulary)
    n_outside = len(collapsed) - len(interactions) - sum(assigned.dropped.values())
    del collapsed
    dense = assigned.split(interactions.pairs, parts)
    del parts
    users, items = IdMap(contents.user_ids[vocabulary]), IdMap(contents.item_ids)
    texts = ItemTexts(contents.texts)
    counts = {
        **part_counts(dense, interactions),
        "events": n_events,
        "repeated_events": n_repeated,
        "users_outside_vocabulary": len(contents.user_keys) - len(vocabulary),
        "new_tokens": len(tokens) - len(contents.token_users),
        "items_without_text": sum(not text.strip() for text in contents.texts),
        **{f"dropped_{reason}": count for reason, count in assigned.dropped.items()},
        "dropped_pairs_outside_split_files": n_outside,
    }
    manifest = Manifest(
        key=key,
        content_hash=content_hash(users, items, texts=texts, interactions=interactions, split=dense),
        protocol=dense.protocol,
        counts=counts,
        watermark=dict(contents.watermark),
        created_at=created_at,
        warnings=snapshot_warnings(counts),
        holdout_threshold=dense.holdout_threshold,
        split_choice=asdict(choice),
    )
    return Snapshot(users, user_tokens, items, texts, interactions, dense, manifest)


def one_row_per_pair(events: Interactions) -> Interactions:
    """Keep each pair once: time of its first event with a known time, weight of its latest event.

    The latest weight is a person's last word on an item; of events at one time the highest weight counts.

    Returns:
        Interactions sorted by user_index, then item_index; time 0 where no event of the pair has a time.
    """
    if not len(events):
        return events
    n_users, n_items, times, weights = events.n_users, events.n_items, events.times, events.weights
    keys = pair_keys(events.pairs, n_items)
    del events  # and with it the pairs, if the caller has no other use for them
    order = np.lexsort((weights, times, keys))
    keys = keys[order]
    starts = np.ones(len(keys), dtype=np.bool_)
    starts[1:] = keys[1:] != keys[:-1]
    first = np.flatnonzero(starts)
    keys = keys[first]
    last = np.append(first[1:], len(order)) - 1
    weights = weights[order[last]]
    del last
    times = times[order]
    del order
    times[times == 0] = np.iinfo(np.int64).max
    first_known = np.minimum.reduceat(times, first)
    del times
    first_known[first_known == np.iinfo(np.int64).max] = 0
    pairs = np.empty((len(keys), 2), dtype=np.int64)
    for rows in blocks(len(keys)):
        pairs[rows, 0], pairs[rows, 1] = np.divmod(keys[rows], n_items)
    return Interactions(pairs, first_known, weights, n_users, n_items)


def tokens_after(token_users: NDArray[np.int64], vocabulary_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Append the users who have no token yet, by rising key; old tokens stay where they are.

    Args:
        token_users: User keys by token index, shape (T,), int64.
        vocabulary_keys: User keys of the vocabulary, rising, int64.

    Returns:
        User keys by token index, shape (T + new,), int64.
    """
    return np.concatenate([token_users, np.setdiff1d(vocabulary_keys, token_users)]).astype(np.int64)


def part_counts(split: Split, interactions: Interactions) -> dict[str, int]:
    """Count users, items, pairs, pairs by part and items by role."""
    return {
        "users": interactions.n_users,
        "items": interactions.n_items,
        "pairs": len(interactions),
        "train_pairs": len(split.train),
        "warm_validation_pairs": len(split.validation.warm),
        "warm_test_pairs": len(split.test.warm),
        "cold_validation_pairs": len(split.validation.cold),
        "cold_test_pairs": len(split.test.cold),
        **{f"items_{role.name.lower()}": int((split.item_role == role).sum()) for role in ItemRole},
    }


def snapshot_warnings(counts: Mapping[str, int]) -> list[str]:
    """Say in sentences what a person should know about these counts."""
    sentences = {
        "dropped_pairs_of_users_outside_vocabulary": "held-out pairs dropped: user without training pair",
        "dropped_pairs_of_untrained_items": "held-out pairs dropped: item without training pair",
        "dropped_pairs_outside_split_files": "pairs of the store dropped: the split's files do not name them",
        "items_without_text": "items have an empty text",
    }
    return [f"{counts[name]:,} {sentence}" for name, sentence in sentences.items() if counts[name]]


def _split(
    contents: StoreContents,
    collapsed: Interactions,
    choice: SplitChoice,
    *,
    previous_threshold: float | None,
) -> Split:
    if not len(collapsed):
        raise InputError("the store has no interactions to split; import some with `coldcast import`")
    if choice.protocol == "live":
        holdout = LiveHoldout(choice.holdout, choice.minimum, previous_threshold, choice.salt)
        return live_split(contents.user_ids, contents.item_ids, pairs=collapsed.pairs, holdout=holdout)
    if choice.protocol == "time":
        quantiles = (choice.validation_from, choice.test_from)
        return time_split(collapsed.pairs, collapsed.times, n_items=collapsed.n_items, quantiles=quantiles)
    return files_split(Path(choice.directory), IdMap(contents.user_ids), items=IdMap(contents.item_ids))


@dataclass(frozen=True, eq=False)
class _Assigned:
    """A split without its pairs: the part of each of N pairs that stand elsewhere, DROPPED where it lacks one."""

    parts: NDArray[np.int8]
    protocol: Protocol
    item_role: NDArray[np.int8]
    holdout_threshold: float | None
    dropped: Mapping[str, int]

    def split(self, pairs: NDArray[np.int64], parts: NDArray[np.int8]) -> Split:
        """The split of renumbered pairs."""
        return Split.from_parts(
            self.protocol,
            pairs,
            parts=parts,
            item_role=self.item_role,
            holdout_threshold=self.holdout_threshold,
            dropped=self.dropped,
        )


def _assigned(
    contents: StoreContents,
    collapsed: Interactions,
    choice: SplitChoice,
    *,
    previous_threshold: float | None,
) -> _Assigned:
    """Split the pairs; items with events are told from those without."""
    split = _split(contents, collapsed, choice, previous_threshold=previous_threshold)
    known = pair_keys(collapsed.pairs, collapsed.n_items)  # sorted
    parts = np.full(len(known), PairPart.DROPPED, dtype=np.int8)
    for part, pairs in split.by_part().items():
        for rows in blocks(len(pairs)):
            wanted = pair_keys(pairs[rows], collapsed.n_items)
            at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            if (known[at] != wanted).any():
                raise _missing(split, known)
            parts[at] = part
    with_events = np.zeros(collapsed.n_items, dtype=np.bool_)
    with_events[collapsed.pairs[:, 1]] = True
    role = split.item_role.copy()
    # Only files can leave an item with events unnamed.
    role[with_events & (role == ItemRole.WITHOUT_INTERACTIONS)] = ItemRole.UNTRAINED
    return _Assigned(parts, split.protocol, role, split.holdout_threshold, split.dropped)


def _missing(split: Split, known: NDArray[np.int64]) -> InputError:
    missing = np.flatnonzero(~np.isin(split.keys, known))
    return InputError(
        f"the split's files name {missing.size} pairs that are no interactions of the store, "
        f"first (user, item) number {split.pairs[missing[0]].tolist()}; "
        "import the data set this split belongs to, or pass another folder"
    )


def _trained_users(collapsed: Interactions, parts: NDArray[np.int8]) -> NDArray[np.int64]:
    """Positions of the users with a training pair, rising."""
    trained = np.zeros(collapsed.n_users, dtype=np.bool_)
    trained[collapsed.pairs[parts == PairPart.TRAIN, 0]] = True
    return np.flatnonzero(trained)


def _dense(
    collapsed: Interactions, parts: NDArray[np.int8], *, vocabulary: NDArray[np.int64]
) -> tuple[Interactions, NDArray[np.int8]]:
    """The pairs that are not dropped, with users in vocabulary order, sorted; and the part of each."""
    new_index = np.full(collapsed.n_users, -1, dtype=np.int64)
    new_index[vocabulary] = np.arange(len(vocabulary))
    kept = np.flatnonzero(parts != PairPart.DROPPED)
    keys = new_index[collapsed.pairs[kept, 0]]
    keys *= collapsed.n_items
    keys += collapsed.pairs[kept, 1]
    order = kept[np.argsort(keys)]
    del keys, kept
    pairs = collapsed.pairs[order]
    pairs[:, 0] = new_index[pairs[:, 0]]
    interactions = Interactions(
        pairs, collapsed.times[order], collapsed.weights[order], len(vocabulary), collapsed.n_items
    )
    return interactions, parts[order]


def _token_indices(tokens: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each user key in ``tokens``, where all of them stand."""
    order = np.argsort(tokens)
    return order[np.searchsorted(tokens, keys, sorter=order)].astype(np.int64)


def _positions(kind: str, keys: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of ``keys`` in the rising array ``known``."""
    places = np.empty(len(keys), dtype=np.int64)
    for rows in blocks(len(keys)):
        places[rows] = np.searchsorted(known, keys[rows])
        if not len(known) or (known[np.minimum(places[rows], len(known) - 1)] != keys[rows]).any():
            unknown = keys[~np.isin(keys, known)]
            raise ValueError(f"{kind} keys must be known, got {len(unknown)} unknown, first {unknown[0]}")
    return places
