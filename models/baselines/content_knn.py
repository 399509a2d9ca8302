"""Content neighbours: a user likes an item as far as he has read its nearest warm neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.text_directions import text_directions
from models.baselines.training_matrix import training_matrix

BLOCK_CELLS = 4_000_000
NEIGHBOURS = 200


@dataclass(frozen=True)
class ContentNeighbours:
    """Score = sum over the item's neighbours that the user has read of the squared positive cosine.

    Attributes:
        history: Training matrix, shape (U, I), sparse float32.
        similarity: Squared cosine to each of the k nearest warm items, shape (I, I), sparse float32, at most
            k entries a row; an item is not its own neighbour.
        reached: The same matrix, rows and columns exchanged: which items a read item speaks for.
    """

    history: sparse.csr_matrix
    similarity: sparse.csr_matrix
    reached: sparse.csr_matrix

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Scores of users (b,) for items (c,), shape (b, c), float32, not negative."""
        if len(item_index) > len(user_index):  # few users: cheaper to score all items than to cut the table
            everything = (self.history[user_index] @ self.reached).toarray()  # (b, I)
            return np.asarray(everything[:, item_index], dtype=np.float32)
        product = self.history[user_index] @ self.similarity[item_index].T  # (b, c)
        return np.asarray(product.toarray(), dtype=np.float32)


def fit(
    train: Pairs, *, embeddings: Matrix, warm_items: Indices, n_users: int, neighbours: int = NEIGHBOURS
) -> ContentNeighbours:
    """Find every item's nearest warm items by text.

    Args:
        train: Training pairs, shape (N, 2), int64.
        embeddings: Text embedding of each item, shape (I, H), float32.
        warm_items: Items with training pairs, shape (W,), int64.
        n_users: U.
        neighbours: k, at least 1; more than W means all.

    Returns:
        The reference.

    Raises:
        ValueError: If ``neighbours`` is below 1, or ``train`` or ``embeddings`` is malformed.

    Source: item neighbours in their score form; k = 200 and the square measured on CiteULike titles.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, got {neighbours}")
    n_items = len(embeddings)
    history = training_matrix(train, n_users=n_users, n_items=n_items)
    directions = text_directions(embeddings, warm_items)
    kept = min(neighbours, len(warm_items))
    own_place = np.full(n_items, -1, dtype=np.int64)
    own_place[warm_items] = np.arange(len(warm_items))
    table = np.ascontiguousarray(directions[warm_items].T)  # (H, W)
    columns = np.empty((n_items, kept), dtype=np.int64)
    weights = np.empty((n_items, kept), dtype=np.float32)
    step = max(1, BLOCK_CELLS // len(warm_items))
    for begin in range(0, n_items, step):
        block = slice(begin, begin + step)
        cosine = directions[block] @ table  # (b, W)
        own = own_place[block]
        rows = np.flatnonzero(own >= 0)
        cosine[rows, own[rows]] = 0.0
        nearest = np.argpartition(cosine, cosine.shape[1] - kept, axis=1)[:, -kept:]
        columns[block] = warm_items[nearest]
        weights[block] = np.maximum(np.take_along_axis(cosine, nearest, axis=1), 0.0) ** 2
    ends = np.arange(n_items + 1) * kept
    similarity = sparse.csr_matrix((weights.ravel(), columns.ravel(), ends), shape=(n_items, n_items))
    similarity.eliminate_zeros()
    reached = sparse.csr_matrix(similarity.T)
    return ContentNeighbours(history=history, similarity=similarity, reached=reached)
