"""The index arrays that a judgement needs: what was trained on, what was held out, who can be ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.array_types import Indices, Pairs
from evaluation.honesty import refuse_leaks
from evaluation.pair_set import PairSet

Setting = Literal["cold", "warm", "overall"]
"""Which items are ranked: held-out cold ones, warm ones, or both together."""

Phase = Literal["validation", "test"]
"""Which held-out interactions are the truth."""


@dataclass(frozen=True)
class EvaluationInput:
    """One snapshot as the judges see it: indices and nothing else.

    Attributes:
        train: Training pairs (N, 2), int64; each of a warm item.
        warm_validation: Held-out pairs of warm items (N, 2), int64.
        warm_test: Held-out pairs of warm items (N, 2), int64.
        cold_validation: Pairs of cold validation items (N, 2), int64.
        cold_test: Pairs of cold test items (N, 2), int64.
        warm_items: Items with at least one training pair, shape (W,), int64.
        cold_validation_items: Held-out cold items of the validation phase, int64.
        cold_test_items: Held-out cold items of the test phase, int64.
        n_users: U.
        n_items: I.

    Raises:
        ValueError: If an index is out of range, a pair occurs twice, a training pair is also a held-out one
            (a leak) or of both phases, a held-out cold item has training pairs or is warm, or a truth
            pair names an item that its setting does not rank.
    """

    train: Pairs
    warm_validation: Pairs
    warm_test: Pairs
    cold_validation: Pairs
    cold_test: Pairs
    warm_items: Indices
    cold_validation_items: Indices
    cold_test_items: Indices
    n_users: int
    n_items: int

    def __post_init__(self) -> None:
        named = {
            name: getattr(self, name)
            for name in ("train", "warm_validation", "warm_test", "cold_validation", "cold_test")
        }
        for name, pairs in named.items():
            _check_pairs(name, pairs, self.n_users, self.n_items)
        train = PairSet.of(self.train, self.n_items)
        for name in ("warm_validation", "warm_test", "cold_validation", "cold_test"):
            refuse_leaks(train, PairSet.of(named[name], self.n_items), name=name)
        for kind in ("warm", "cold"):
            first = PairSet.of(named[f"{kind}_validation"], self.n_items)
            shared = first.shared_with(PairSet.of(named[f"{kind}_test"], self.n_items))
            if len(shared):
                raise ValueError(
                    f"{len(shared)} pairs are in {kind}_validation and in {kind}_test "
                    f"(first: {shared[0].tolist()}); a pair belongs to one phase"
                )
        self._check_items()

    def _check_items(self) -> None:
        """Warm and cold items are apart, and each truth pair is about an item that is ranked."""
        cold = np.concatenate([self.cold_validation_items, self.cold_test_items])
        both = np.intersect1d(cold, np.concatenate([self.warm_items, self.train[:, 1]]))
        if len(both):
            raise ValueError(
                f"{len(both)} held-out cold items are warm or have training pairs "
                f"(first: {both[:5].tolist()}); "
                "a cold item must be absent from training"
            )
        for name, pairs, items in (
            ("warm_validation", self.warm_validation, self.warm_items),
            ("warm_test", self.warm_test, self.warm_items),
            ("cold_validation", self.cold_validation, self.cold_validation_items),
            ("cold_test", self.cold_test, self.cold_test_items),
        ):
            stray = np.setdiff1d(pairs[:, 1], items)
            if len(stray):
                raise ValueError(
                    f"{name} holds {len(stray)} items that are not among its candidates "
                    f"(first: {stray[:5].tolist()})"
                )

    @property
    def cold_items(self) -> Indices:
        """All held-out cold items, validation and test together, sorted: the cold candidates."""
        return np.union1d(self.cold_validation_items, self.cold_test_items)

    def candidates(self, setting: Setting) -> Indices:
        """Items that a user's list is drawn from, sorted, int64."""
        if setting == "cold":
            return self.cold_items
        if setting == "warm":
            return np.unique(self.warm_items)
        return np.union1d(self.warm_items, self.cold_items)

    def truth(self, setting: Setting, phase: Phase) -> Pairs:
        """Held-out pairs of one phase, shape (N, 2); overall keeps only users who have warm and cold ones."""
        warm = self.warm_validation if phase == "validation" else self.warm_test
        cold = self.cold_validation if phase == "validation" else self.cold_test
        if setting == "cold":
            return cold
        if setting == "warm":
            return warm
        both = np.intersect1d(warm[:, 0], cold[:, 0])
        pairs = np.concatenate([warm, cold])
        return pairs[np.isin(pairs[:, 0], both)]

    def degrees(self) -> Indices:
        """Training pairs of each user, shape (U,), int64."""
        return np.bincount(self.train[:, 0], minlength=self.n_users).astype(np.int64)


def _check_pairs(name: str, pairs: Pairs, n_users: int, n_items: int) -> None:
    """Shape, range and uniqueness of one array of pairs."""
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"{name} must have shape (N, 2), got {pairs.shape}")
    if len(pairs) and (pairs.min() < 0 or pairs[:, 0].max() >= n_users or pairs[:, 1].max() >= n_items):
        raise ValueError(
            f"{name} holds indices from {pairs.min(axis=0).tolist()} to {pairs.max(axis=0).tolist()}, "
            f"expected users in [0, {n_users}) and items in [0, {n_items})"
        )
    distinct = len(PairSet.of(pairs, n_items))
    if distinct != len(pairs):
        raise ValueError(f"{name} holds {len(pairs) - distinct} pairs twice; give every pair once")
