"""From hundreds of candidates to an item's simulated users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.factors import Factors
from models.retrieval import ExclusionLists, top_k

ABOVE_ALL = 1e4
"""Higher than any score of the filter, which is a sum of two standardised scores."""


def candidates(factors: Factors, items: Indices, *, n: int) -> tuple[Indices, Matrix]:
    """The filter's best users of items.

    Args:
        factors: The filter.
        items: Shape (C,), int64.
        n: Users per item; all where there are fewer.

    Returns:
        Users (C, n), int64, best first, and their scores (C, n), float32.
    """
    return top_k(factors.items[items], factors.users, k=min(n, len(factors.users)))


def wrong_candidates(factors: Factors, train: Pairs, warm_items: Indices, *, n: int) -> Indices:
    """The filter's best users of each warm item who are not the item's, (W, n), int64; -1 where none is left."""
    places = np.searchsorted(warm_items, train[:, 1])
    known = ExclusionLists.from_pairs(np.stack((places, train[:, 0]), axis=1), n_queries=len(warm_items))
    found, _ = top_k(factors.items[warm_items], factors.users, k=min(n, len(factors.users)), exclude=known)
    return found


def refined_order(users: Indices, scores: Matrix, margins: Matrix, *, filter_weight: float) -> Indices:
    """The candidates in the order of the language model, with some say for the filter.

    Args:
        users: Candidates of each item, shape (C, n), int64.
        scores: The filter's, shape (C, n), float32.
        margins: The language model's, shape (C, n), float32.
        filter_weight: What one deviation of the filter's scores counts against one of the margins, >= 0; 0 is
            the paper's rule.

    Returns:
        The same users, best first.
    """
    total = _standardised(margins) + filter_weight * _standardised(scores)
    return np.take_along_axis(users, np.argsort(-total, axis=1, kind="stable"), axis=1)


def _standardised(rows: Matrix) -> Matrix:
    """Each row less its mean, over its deviation."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.maximum(rows.std(axis=1, keepdims=True), 1e-12)


def simulated_pairs(users: Indices, items: Indices) -> Pairs:
    """The pairs (user, item) of simulated users (C, K) of items (C,), shape (C K, 2), int64."""
    return np.stack((users.ravel(), np.repeat(items, users.shape[1])), axis=1)


@dataclass(frozen=True)
class FunnelAudience:
    """Names an item's users: those that passed the last stage in its order, then all others in the filter's.

    Attributes:
        filter: The filter.
        items: Items with a refined list, shape (C,), int64, rising.
        users: Their lists, best first, shape (C, n), int64.
    """

    filter: Factors
    items: Indices
    users: Indices

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Scores of users (b,) for items (c,), shape (b, c), float32; only their order within an item counts."""
        scores = self.filter.scores(user_index, item_index)
        row_of = np.full(len(self.filter.users), -1)
        row_of[user_index] = np.arange(len(user_index))
        places = np.searchsorted(self.items, item_index)
        points = ABOVE_ALL - np.arange(self.users.shape[1], dtype=np.float32)
        for column, (item, place) in enumerate(zip(item_index, places, strict=True)):
            if place < len(self.items) and self.items[place] == item:
                rows = row_of[self.users[place]]
                scores[rows[rows >= 0], column] = points[rows >= 0]
        return scores
