"""Vectors of an earlier training, carried over to grown data: new users and items are folded in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.coldstart.fold_in import solve_rows
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.ials_config import IalsConfig
from models.collaborative.training_pairs import TrainingPairs
from models.retrieval import FloatTable, IndexArray


def carried_over(
    old: CollaborativeEmbeddings,
    train: IndexArray,
    *,
    user_rows: IndexArray,
    item_rows: IndexArray,
    config: IalsConfig,
) -> CollaborativeEmbeddings:
    """Earlier vectors where there are any, and closed-form ones for who and what is new.

    Args:
        old: The earlier vectors, users (U', D) and warm items (W', D).
        train: Training pairs (N, 2), int64: user_index, item_index; none twice.
        user_rows: Row of each of the U users in ``old.users``, -1 for a new one, shape (U,), int64.
        item_rows: Row of each of the I items in ``old.warm_items``, -1 for a new one, shape (I,), int64.
        config: Weights of the half-sweeps; with a regulariser left open, that of ``old``.

    Returns:
        Vectors of the U users and of the W items that occur in ``train``; old ones are bitwise what they were.

    Raises:
        ValueError: If pairs are missing or out of range.
    """
    if config.regulariser is None:
        config = replace(config, regulariser=old.regulariser)
    pairs = TrainingPairs.from_indices(train, n_users=len(user_rows), n_items=len(item_rows))
    rows_of_items = item_rows[pairs.warm_item_index]
    users, items = _taken(old.users, user_rows), _taken(old.warm_items, rows_of_items)
    users = _folded(users, items, pairs.positions, config)
    items = _folded(items, users, pairs.positions[:, ::-1], config)
    users = _folded(users, items, pairs.positions, config)  # who has touched nothing but new items
    return CollaborativeEmbeddings(users, items, pairs.warm_item_index, old.regulariser)


def _taken(table: FloatTable, rows: IndexArray) -> FloatTable:
    """Rows of a table, zeros for -1."""
    taken = table[rows.clip(min=0)].copy()
    taken[rows < 0] = 0
    return taken


def _folded(table: FloatTable, fixed: FloatTable, pairs: IndexArray, config: IalsConfig) -> FloatTable:
    """The table with its empty rows solved from those rows of ``fixed`` that are not empty."""
    empty, known = ~np.any(table, axis=1), np.any(fixed, axis=1)
    own = pairs[empty[pairs[:, 0]] & known[pairs[:, 1]]]
    if not len(own):
        return table
    own = own[np.lexsort((own[:, 1], own[:, 0]))]
    degrees = np.bincount(own[:, 0], minlength=len(table))
    solved = solve_rows(
        fixed,
        np.concatenate(([0], np.cumsum(degrees))),
        own[:, 1],
        ridge=config.ridge(degrees, int(known.sum())),
        unobserved_weight=config.unobserved_weight,
    )
    result = table.copy()
    result[degrees > 0] = solved[degrees > 0]
    return result
