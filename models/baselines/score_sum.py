"""Several models asked each time: their scores brought to one spread, weighted and added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from models.baselines.array_types import Indices, Matrix

MULTIPLES = (0.0, 0.5, 2.0)
SWEEPS = 2
"""Of the search for weights: each weight in turn is tried at these multiples of itself."""

SPREAD_FLOOR = 1e-6  # of a user, or an item, for whom a model gives all the same score
BLOCK = 512  # users or items


class Scores(Protocol):
    """A model that scores pairs."""

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Of users (b,) and items (c,), shape (b, c), float32."""


@dataclass(frozen=True)
class ZScored:
    """A model's scores in standard deviations: of a user's scores over items, or of an item's over users.

    Attributes:
        scorer: The model.
        of: Whose scores are brought to mean 0 and deviation 1.
        mean: Of each user (U,), or each item (I,), float32.
        deviation: Likewise.
    """

    scorer: Scores
    of: Literal["users", "items"]
    mean: Matrix
    deviation: Matrix

    @classmethod
    def over_items(cls, scorer: Scores, items: Indices, *, n_users: int) -> ZScored:
        """For lists of items: every user's scores over the given items have mean 0 and deviation 1."""
        blocks = (scorer.scores(block, items) for block in _blocks(n_users))
        return cls(scorer, "users", *_moments(blocks, axis=1))

    @classmethod
    def over_users(cls, scorer: Scores, *, n_users: int, n_items: int) -> ZScored:
        """For audiences: every item's scores over all users have mean 0 and deviation 1."""
        users = np.arange(n_users)
        blocks = (scorer.scores(users, block) for block in _blocks(n_items))
        return cls(scorer, "items", *_moments(blocks, axis=0))

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Shape (b, c), float32."""
        if self.of == "users":
            mean, deviation = self.mean[user_index, None], self.deviation[user_index, None]
        else:
            mean, deviation = self.mean[item_index], self.deviation[item_index]
        return (self.scorer.scores(user_index, item_index) - mean) / deviation


@dataclass(frozen=True)
class WeightedSum:
    """Scores of several models, each times its weight.

    Attributes:
        scorers: The models.
        weights: One each.
    """

    scorers: Sequence[Scores]
    weights: Sequence[float]

    @classmethod
    def mean(cls, scorers: Sequence[Scores]) -> WeightedSum:
        """All of one weight."""
        return cls(scorers, [1 / len(scorers)] * len(scorers))

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Shape (b, c), float32."""
        parts = zip(self.scorers, self.weights, strict=True)
        found = [np.float32(weight) * one.scores(user_index, item_index) for one, weight in parts if weight]
        summed: Matrix = np.sum(found, axis=0, dtype=np.float32)
        return summed


@dataclass(frozen=True)
class Written:
    """Scores of all users for some items, written out while weights are sought.

    Attributes:
        table: Shape (U, c), float32.
        items: The items, rising, shape (c,).
    """

    table: Matrix
    items: Indices

    @classmethod
    def of(cls, scorer: Scores, items: Indices, *, n_users: int) -> Written:
        """Ask a model once."""
        return cls(scorer.scores(np.arange(n_users), items), items)

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Shape (b, c), float32."""
        return self.table[np.ix_(user_index, np.searchsorted(self.items, item_index))]


def climbed(weights: Sequence[float], value: Callable[[Sequence[float]], float]) -> list[float]:
    """Weights moved one at a time to where the value is higher; never all of them 0.

    Args:
        weights: Where to start, above 0.
        value: Higher is better.

    Returns:
        As many weights.
    """
    best, found = list(weights), value(weights)
    for _ in range(SWEEPS):
        for place in range(len(best)):
            for multiple in MULTIPLES:
                tried = [*best[:place], best[place] * multiple, *best[place + 1 :]]
                if any(tried) and tried != best and (now := value(tried)) > found:
                    best, found = tried, now
    return best


def _blocks(size: int) -> list[Indices]:
    return np.array_split(np.arange(size), max(1, size // BLOCK))


def _moments(blocks: Iterable[Matrix], *, axis: int) -> tuple[Matrix, Matrix]:
    """Mean and deviation along an axis of blocks that follow each other along the other."""
    of_blocks = [(block.mean(axis=axis), block.std(axis=axis)) for block in blocks]
    mean, deviation = (np.concatenate(of_all) for of_all in zip(*of_blocks, strict=True))
    return mean.astype(np.float32), np.maximum(deviation, SPREAD_FLOOR).astype(np.float32)
