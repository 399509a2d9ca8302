"""From what the store holds to a snapshot: one row per pair, the split, the vocabulary, dense indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.holdout import LiveHoldout, live_split
from data.id_map import IdMap
from data.interactions import Interactions
from data.item_texts import ItemTexts
from data.snapshot import Manifest, Snapshot
from data.snapshot_hash import content_hash
from data.split import ItemRole, Split, pair_keys
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
        return Interactions(
            pairs=np.stack(
                [
                    _positions("user", self.event_users, self.user_keys),
                    _positions("item", self.event_items, self.item_keys),
                ],
                axis=1,
            ),
            times=self.times,
            weights=self.weights,
            n_users=len(self.user_keys),
            n_items=len(self.item_keys),
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
    events = contents.interactions()
    n_events = len(events)
    collapsed = one_row_per_pair(events)
    del events  # what is no longer needed goes at once: ten million interactions are to fit beside each other
    split = _split(contents, collapsed, choice, previous_threshold=previous_threshold)
    vocabulary = np.unique(split.train[:, 0])  # positions of the users with a training pair
    tokens = tokens_after(contents.token_users, contents.user_keys[vocabulary])
    user_tokens = _token_indices(tokens, contents.user_keys[vocabulary])
    by_token = np.argsort(user_tokens)
    vocabulary, user_tokens = vocabulary[by_token], user_tokens[by_token]  # (U,)
    new_index = np.full(len(contents.user_keys), -1, dtype=np.int64)
    new_index[vocabulary] = np.arange(len(vocabulary))

    dense = _renumbered(split, new_index, with_events=np.unique(collapsed.pairs[:, 1]))
    interactions = _interactions_of(split, collapsed, new_index=new_index, n_users=len(vocabulary))
    users, items = IdMap(contents.user_ids[vocabulary]), IdMap(contents.item_ids)
    texts = ItemTexts(contents.texts)
    dropped = {
        **dense.dropped,
        "pairs_outside_split_files": len(collapsed) - len(split.pairs) - sum(split.dropped.values()),
    }
    n_repeated = n_events - len(collapsed)
    del collapsed, split
    counts = {
        **part_counts(dense, interactions),
        "events": n_events,
        "repeated_events": n_repeated,
        "users_outside_vocabulary": len(contents.user_keys) - len(vocabulary),
        "new_tokens": len(tokens) - len(contents.token_users),
        "items_without_text": sum(not text.strip() for text in contents.texts),
        **{f"dropped_{reason}": count for reason, count in dropped.items()},
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
    order = np.lexsort((events.weights, events.times, events.pairs[:, 1], events.pairs[:, 0]))
    pairs, times = events.pairs[order], events.times[order]
    starts = np.ones(len(pairs), dtype=np.bool_)
    starts[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    first = np.flatnonzero(starts)
    if not len(first):
        return events
    last = np.append(first[1:], len(pairs)) - 1
    weights = events.weights[order][last]
    del order, last
    pairs = pairs[first]
    times[times == 0] = np.iinfo(np.int64).max  # a copy of our own
    first_known = np.minimum.reduceat(times, first)
    del times
    first_known[first_known == np.iinfo(np.int64).max] = 0
    return Interactions(
        pairs=pairs,
        times=first_known,
        weights=weights,
        n_users=events.n_users,
        n_items=events.n_items,
    )


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


def _renumbered(split: Split, new_index: NDArray[np.int64], *, with_events: NDArray[np.int64]) -> Split:
    """The split in vocabulary order, pairs sorted, items with events told from those without."""
    role = split.item_role.copy()
    unnamed = with_events[role[with_events] == ItemRole.WITHOUT_INTERACTIONS]
    role[unnamed] = ItemRole.UNTRAINED  # only files can leave an item with events unnamed
    pairs = np.stack([new_index[split.pairs[:, 0]], split.pairs[:, 1]], axis=1)
    order = np.lexsort(pairs.T[::-1])
    return Split.from_parts(
        split.protocol,
        pairs[order],
        parts=split.parts[order],
        item_role=role,
        holdout_threshold=split.holdout_threshold,
        dropped=split.dropped,
    )


def _interactions_of(
    split: Split, collapsed: Interactions, *, new_index: NDArray[np.int64], n_users: int
) -> Interactions:
    """Times and weights of the split's pairs, in vocabulary order."""
    known = pair_keys(collapsed.pairs, collapsed.n_items)  # sorted
    wanted = pair_keys(split.pairs, collapsed.n_items)
    rows = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    missing = np.flatnonzero(known[rows] != wanted)
    if missing.size:
        raise InputError(
            f"the split's files name {missing.size} pairs that are no interactions of the store, "
            f"first (user, item) number {split.pairs[missing[0]].tolist()}; "
            "import the data set this split belongs to, or pass another folder"
        )
    pairs = np.stack([new_index[split.pairs[:, 0]], split.pairs[:, 1]], axis=1)
    order = np.lexsort(pairs.T[::-1])
    return Interactions(
        pairs=pairs[order],
        times=collapsed.times[rows][order],
        weights=collapsed.weights[rows][order],
        n_users=n_users,
        n_items=collapsed.n_items,
    )


def _token_indices(tokens: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each user key in ``tokens``, where all of them stand."""
    order = np.argsort(tokens)
    return order[np.searchsorted(tokens, keys, sorter=order)].astype(np.int64)


def _positions(kind: str, keys: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of ``keys`` in the rising array ``known``."""
    places = np.searchsorted(known, keys)
    wrong = (
        (places >= len(known)) | (known[np.minimum(places, len(known) - 1)] != keys)
        if len(known)
        else keys >= 0
    )
    if np.any(wrong):
        raise ValueError(
            f"{kind} keys must be known, got {int(np.sum(wrong))} unknown, first {keys[wrong][0]}"
        )
    return places.astype(np.int64)
