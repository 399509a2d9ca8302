"""Split: which pairs train and which are held out, and what each item is in that."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError

Protocol = Literal["live", "files", "time"]
SHOWN = 3  # offending pairs an error message lists


class ItemRole(enum.IntEnum):
    """What an item is in one split; "held out" and "without interactions" are different things.

    The two COLD roles are held out: their events exist and are hidden from training. An item
    WITHOUT_INTERACTIONS has no event at all. An UNTRAINED item has events and is not held out, yet has no
    training pair.
    """

    WARM = 0
    COLD_VALIDATION = 1
    COLD_TEST = 2
    WITHOUT_INTERACTIONS = 3
    UNTRAINED = 4


class PairPart(enum.IntEnum):
    """Where one pair of a split goes."""

    DROPPED = -1
    TRAIN = 0
    WARM_VALIDATION = 1
    WARM_TEST = 2
    COLD_VALIDATION = 3
    COLD_TEST = 4


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The held-out pairs of one phase (validation or test).

    Attributes:
        warm: Pairs of warm items, shape (n, 2), int64.
        cold: Pairs of held-out items, shape (n, 2), int64.
    """

    warm: NDArray[np.int64]
    cold: NDArray[np.int64]

    @property
    def overall(self) -> NDArray[np.int64]:
        """Warm then cold pairs of the users who have both kinds in this phase, shape (n, 2), int64."""
        both = np.intersect1d(self.warm[:, 0], self.cold[:, 0])
        pairs = np.concatenate([self.warm, self.cold])
        return pairs[np.isin(pairs[:, 0], both)]


@dataclass(frozen=True, eq=False)
class Split:
    """Who trains on what, checked on creation.

    Args:
        protocol: How the split was made.
        train: Training pairs, shape (n, 2), int64; column 0 user_index, column 1 item_index.
        validation: Held-out pairs for choosing.
        test: Held-out pairs for reporting.
        item_role: One :class:`ItemRole` per item, shape (I,), int8.
        holdout_threshold: The hash threshold of a live split; None for the other protocols.
        dropped: Reason -> number of pairs that the split leaves out.

    Raises:
        ValueError: If a pair stands in two places (or twice in one), an item index is outside [0, I), or a
            pair contradicts its item's role; the message shows the first offenders.
    """

    protocol: Protocol
    train: NDArray[np.int64]
    validation: HeldOut
    test: HeldOut
    item_role: NDArray[np.int8]
    holdout_threshold: float | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_split(self)

    @classmethod
    def from_parts(
        cls,
        protocol: Protocol,
        pairs: NDArray[np.int64],
        *,
        parts: NDArray[np.int8],
        item_role: NDArray[np.int8],
        holdout_threshold: float | None = None,
        dropped: Mapping[str, int] | None = None,
    ) -> Split:
        """Build a split from pairs (N, 2) and one :class:`PairPart` per pair, shape (N,), int8."""

        def part(which: PairPart) -> NDArray[np.int64]:
            return pairs[parts == which]

        return cls(
            protocol=protocol,
            train=part(PairPart.TRAIN),
            validation=HeldOut(warm=part(PairPart.WARM_VALIDATION), cold=part(PairPart.COLD_VALIDATION)),
            test=HeldOut(warm=part(PairPart.WARM_TEST), cold=part(PairPart.COLD_TEST)),
            item_role=item_role,
            holdout_threshold=holdout_threshold,
            dropped=dict(dropped or {}),
        )

    @property
    def pairs(self) -> NDArray[np.int64]:
        """All pairs, in the order of :attr:`parts`, shape (N, 2), int64."""
        return np.concatenate(list(self.by_part().values()))

    @property
    def parts(self) -> NDArray[np.int8]:
        """The :class:`PairPart` of each of :attr:`pairs`, shape (N,), int8."""
        by_part = self.by_part()
        return np.repeat(np.array(list(by_part), dtype=np.int8), [len(pairs) for pairs in by_part.values()])

    @property
    def keys(self) -> NDArray[np.int64]:
        """The key of each of :attr:`pairs` (:func:`pair_keys`), shape (N,), int64."""
        n_items = len(self.item_role)
        return np.concatenate([pair_keys(pairs, n_items) for pairs in self.by_part().values()])

    @property
    def n_pairs(self) -> int:
        """N."""
        return sum(map(len, self.by_part().values()))

    @property
    def warm_items(self) -> NDArray[np.int64]:
        """Items with at least one training pair, shape (W,), int64, sorted."""
        return self.items_with_role(ItemRole.WARM)

    def items_with_role(self, *roles: ItemRole) -> NDArray[np.int64]:
        """Items that have one of ``roles``, int64, sorted."""
        return np.flatnonzero(np.isin(self.item_role, [int(role) for role in roles])).astype(np.int64)

    def by_part(self) -> dict[PairPart, NDArray[np.int64]]:
        """The pairs of each part but DROPPED, shape (n, 2), int64; together :attr:`pairs`, without a copy."""
        return {
            PairPart.TRAIN: self.train,
            PairPart.WARM_VALIDATION: self.validation.warm,
            PairPart.WARM_TEST: self.test.warm,
            PairPart.COLD_VALIDATION: self.validation.cold,
            PairPart.COLD_TEST: self.test.cold,
        }


def settled_split(
    protocol: Protocol,
    pairs: NDArray[np.int64],
    *,
    parts: NDArray[np.int8],
    item_role: NDArray[np.int8],
    holdout_threshold: float | None = None,
) -> Split:
    """Apply the two rules every protocol shares, count what they drop, and refuse a split of no use.

    A warm candidate without a training pair becomes UNTRAINED. Held-out pairs of users without a training
    pair are dropped, because such a user is outside the vocabulary.

    Args:
        protocol: How the parts were assigned.
        pairs: Distinct pairs, shape (N, 2), int64.
        parts: One :class:`PairPart` per pair, shape (N,), int8.
        item_role: One :class:`ItemRole` per item, shape (I,), int8; WARM means candidate here.
        holdout_threshold: Of a live split.

    Returns:
        The split; ``dropped`` holds the two counts.

    Raises:
        InputError: If no item is warm, or validation or test has no held-out item left.
    """
    parts, item_role = parts.copy(), item_role.copy()
    train = pairs[parts == PairPart.TRAIN]
    trained_items = np.zeros(len(item_role), dtype=np.bool_)
    trained_items[train[:, 1]] = True
    users = int(pairs[:, 0].max()) + 1 if len(pairs) else 0
    trained_users = np.zeros(users, dtype=np.bool_)
    trained_users[train[:, 0]] = True
    del train  # ten million interactions are to fit, so nothing stays longer than it is needed
    item_role[(item_role == ItemRole.WARM) & ~trained_items] = ItemRole.UNTRAINED
    kept = parts != PairPart.DROPPED
    untrained = kept & (item_role[pairs[:, 1]] == ItemRole.UNTRAINED)
    outside = kept & ~untrained & ~trained_users[pairs[:, 0]]
    parts[untrained | outside] = PairPart.DROPPED
    dropped = {
        "pairs_of_untrained_items": int(untrained.sum()),
        "pairs_of_users_outside_vocabulary": int(outside.sum()),
    }
    split = Split.from_parts(
        protocol,
        pairs,
        parts=parts,
        item_role=item_role,
        holdout_threshold=holdout_threshold,
        dropped=dropped,
    )
    require_usable(split)
    return split


def with_cold_parts(
    warm_parts: NDArray[np.int8], pairs: NDArray[np.int64], *, item_role: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Give each pair of a held-out item to that item's phase, whatever it would be for a warm item.

    Args:
        warm_parts: The :class:`PairPart` of each pair as one of a warm item, shape (N,), int8.
        pairs: Shape (N, 2), int64.
        item_role: One :class:`ItemRole` per item, shape (I,), int8.

    Returns:
        One :class:`PairPart` per pair, shape (N,), int8.
    """
    role = item_role[pairs[:, 1]]  # (N,)
    parts = warm_parts.copy()
    parts[role == ItemRole.COLD_VALIDATION] = PairPart.COLD_VALIDATION
    parts[role == ItemRole.COLD_TEST] = PairPart.COLD_TEST
    return parts


def require_usable(split: Split) -> None:
    """Refuse a split that nothing can be learned from or judged by.

    Raises:
        InputError: If no item is warm, or validation or test has no pair of a held-out item.
    """
    way_out = {
        "live": "raise the holdout fraction, or import more items with interactions",
        "files": "check the split's folder, or use another protocol",
        "time": "move the time quantiles, or import interactions over a longer time",
    }[split.protocol]
    if not len(split.train):
        raise InputError(
            f"the {split.protocol} split of {len(split.item_role)} items has no warm items "
            f"(no training pair is left); {way_out}"
        )
    for phase, held_out in (("validation", split.validation), ("test", split.test)):
        if not len(held_out.cold):
            raise InputError(
                f"the {split.protocol} split has no held-out items with interactions for {phase} "
                f"({len(split.warm_items)} of {len(split.item_role)} items are warm); {way_out}"
            )


def check_split(split: Split) -> None:
    """Doubt a split once: every pair in one place only, every pair in line with its item's role.

    Raises:
        ValueError: As :class:`Split`.
    """
    n_items = len(split.item_role)
    held = [pairs for pairs in split.by_part().values() if len(pairs)]
    least = min((int(pairs.min()) for pairs in held), default=0)
    highest = max((int(pairs[:, 1].max()) for pairs in held), default=-1)
    if least < 0 or highest >= n_items:
        raise ValueError(
            f"pairs must hold users >= 0 and items in [0, {n_items}), "
            f"got items up to {highest} and {least} as the least index"
        )
    _refuse_repeats(split)
    allowed = {
        PairPart.TRAIN: ItemRole.WARM,
        PairPart.WARM_VALIDATION: ItemRole.WARM,
        PairPart.WARM_TEST: ItemRole.WARM,
        PairPart.COLD_VALIDATION: ItemRole.COLD_VALIDATION,
        PairPart.COLD_TEST: ItemRole.COLD_TEST,
    }
    for part, pairs in split.by_part().items():
        role = allowed[part]
        wrong = np.flatnonzero(split.item_role[pairs[:, 1]] != role)
        if len(wrong):
            raise ValueError(
                f"{part.name} pairs must be of {role.name} items, got {len(wrong)} others, "
                f"first (user, item): {pairs[wrong[:SHOWN]].tolist()}"
            )


def pair_keys(pairs: NDArray[np.int64], n_items: int) -> NDArray[np.int64]:
    """One integer per pair, user_index * I + item_index, shape (N,), int64; orders by user, then item."""
    keys = pairs[:, 0] * np.int64(n_items)
    keys += pairs[:, 1]
    return keys


def _refuse_repeats(split: Split) -> None:
    ordered = split.keys
    ordered.sort()
    if not (ordered[1:] == ordered[:-1]).any():
        return
    keys, pairs, parts = split.keys, split.pairs, split.parts
    order = np.argsort(keys, kind="stable")
    repeated = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    first, second = order[repeated[0]], order[repeated[0] + 1]
    places = f"{PairPart(int(parts[first])).name} and {PairPart(int(parts[second])).name}"
    raise ValueError(
        f"every pair must stand in one part of the split, once; got {repeated.size} overlapping pairs, "
        f"first (user, item) {pairs[first].tolist()} in {places}; remove it from one of them"
    )
