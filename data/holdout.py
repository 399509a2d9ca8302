"""The live holdout: a salted hash decides what is held out, so it stays held out in every later snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.blocks import blocks
from data.split import ItemRole, PairPart, Split, settled_split, with_cold_parts

MOST_HELD_OUT = 0.5  # share of items the minimum may claim; the rest must train
DEFAULT_SALT = "coldcast"

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # increment of splitmix64
_PHASE = np.uint64(0xD1B54A32D192ED03)  # makes the validation/test bit independent of the threshold


@dataclass(frozen=True)
class LiveHoldout:
    """How much a live split holds out.

    Attributes:
        fraction: Share of items, and of pairs of warm items, for validation and test together; in (0, 0.5].
        minimum: Held-out items with interactions wanted at least; claims up to half of them in a small store.
        previous_threshold: The highest threshold of earlier live snapshots with this salt; the new one is never lower.
        salt: Mixed into every hash; another salt is another, unrelated holdout.

    Raises:
        ValueError: If a value is out of its range.
    """

    fraction: float = 0.05
    minimum: int = 200
    previous_threshold: float | None = None
    salt: str = DEFAULT_SALT

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= MOST_HELD_OUT:
            raise ValueError(f"fraction must be in (0, {MOST_HELD_OUT}], got {self.fraction}")
        if self.minimum < 0:
            raise ValueError(f"minimum must be at least 0 items, got {self.minimum}")
        if self.previous_threshold is not None and not 0 <= self.previous_threshold <= 1:
            raise ValueError(f"previous_threshold must be in [0, 1], got {self.previous_threshold}")

    def threshold(self, positions: NDArray[np.float64]) -> float:
        """Find the threshold: an item is held out when its position is below it.

        Args:
            positions: Position in [0, 1) of each item with interactions, shape (n,), float64.

        Returns:
            The highest of ``fraction``, ``previous_threshold`` and what ``minimum`` items need, where the
            last may claim at most half of the n items.
        """
        wanted = min(self.minimum, int(len(positions) * MOST_HELD_OUT))
        needed = 0.0
        if wanted:
            last = float(np.partition(positions, wanted - 1)[wanted - 1])
            needed = last + 2.0**-53  # exact, because positions are k / 2^53
        return max(self.fraction, needed, self.previous_threshold or 0.0)


def live_split(
    user_ids: Sequence[str] | NDArray[np.object_],
    item_ids: Sequence[str] | NDArray[np.object_],
    *,
    pairs: NDArray[np.int64],
    holdout: LiveHoldout,
) -> Split:
    """Hold out items, and pairs of warm items, by a salted hash of their external ids.

    What is held out depends on ids, salt and threshold alone, and the threshold never falls: an item or
    pair that is held out today is never trained on later, however the data grows. An item without
    interactions is hashed like any other; its hash decides once it has events.

    Args:
        user_ids: External id of each user, length U.
        item_ids: External id of each item, length I.
        pairs: Distinct pairs, shape (N, 2), int64.
        holdout: How much to hold out.

    Returns:
        The split, with ``holdout_threshold`` as used.

    Raises:
        InputError: If no item is warm, or validation or test has no held-out item.
    """
    item_hash = id_hashes(item_ids, kind="item", salt=holdout.salt)  # (I,)
    with_events = np.zeros(len(item_hash), dtype=np.bool_)
    with_events[pairs[:, 1]] = True
    positions = hash_positions(item_hash)
    threshold = holdout.threshold(positions[with_events])
    item_role = np.where(
        positions < threshold,
        np.where(_phase_bits(item_hash), ItemRole.COLD_TEST, ItemRole.COLD_VALIDATION),
        ItemRole.WARM,
    ).astype(np.int8)
    item_role[~with_events] = ItemRole.WITHOUT_INTERACTIONS

    user_hash = id_hashes(user_ids, kind="user", salt=holdout.salt)  # (U,)
    warm_parts = np.empty(len(pairs), dtype=np.int8)
    for rows in blocks(len(pairs)):
        pair_hash = _mix(user_hash[pairs[rows, 0]] ^ _mix(item_hash[pairs[rows, 1]] + _GOLDEN))
        warm_parts[rows] = np.where(
            hash_positions(pair_hash) < threshold,
            np.where(_phase_bits(pair_hash), PairPart.WARM_TEST, PairPart.WARM_VALIDATION),
            PairPart.TRAIN,
        )
    return settled_split(
        "live",
        pairs,
        parts=with_cold_parts(warm_parts, pairs, item_role=item_role),
        item_role=item_role,
        holdout_threshold=threshold,
    )


def id_hashes(ids: Sequence[str] | NDArray[np.object_], *, kind: str, salt: str) -> NDArray[np.uint64]:
    """Hash each id with BLAKE2b keyed by ``salt``, users apart from items by ``kind``; shape (n,), uint64."""
    key = hashlib.blake2b(salt.encode("utf-8"), digest_size=32).digest()
    start = hashlib.blake2b(digest_size=8, key=key, person=kind.encode("ascii"))
    digests = bytearray()
    for value in ids:
        state = start.copy()
        state.update(value.encode("utf-8", "surrogatepass"))
        digests += state.digest()
    return np.frombuffer(bytes(digests), dtype="<u8").astype(np.uint64)


def hash_positions(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Map hashes to [0, 1) by their upper 53 bits, exactly; shape (n,), float64."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _phase_bits(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """A fair bit per hash, independent of its position: False is validation, True is test."""
    return (_mix(hashes ^ _PHASE) >> np.uint64(63)).astype(np.bool_)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that scatters all 64 bits."""
    mixed = values + _GOLDEN  # wraps around, as intended
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
