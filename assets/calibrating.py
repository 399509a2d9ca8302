"""Cold and warm items in one list: a scale and an offset, chosen by what validation users would be shown."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from data.snapshot import Snapshot
from models.coldstart.published_space import Calibration, PublishedSpace

LENGTH = 20  # a merged list of 20 never reaches deeper into one kind than 20
SCALES = (0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5)
"""Of the cold scores, relative to the scale at which the gap from 1st to 20th is that of the warm list."""
SHIFTS = (-0.8, -0.6, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
"""Of the cold list against the warm one, in gaps from 1st to 20th; 0 lets the 20th scores meet."""


class Lists(NamedTuple):
    """The best of one kind of items for n users: scores, falling, and hits, each (n, LENGTH)."""

    scores: Any
    hits: Any
    n_true: Any


def calibrated(space: PublishedSpace, snapshot: Snapshot, cold_rows: Any) -> PublishedSpace:
    """Choose how cold items enter a list beside warm ones.

    Args:
        space: A composed space without calibration.
        snapshot: Its validation pairs judge, by NDCG@20 of one list of warm and cold items.
        cold_rows: (C, F) the snapshot's held-out cold items, placed in it.

    Returns:
        The space with its calibration; unshifted where nobody has warm and cold validation pairs.
    """
    from assets.judging import evaluation_input
    from models.coldstart.published_space import spread

    d = space.collaborative_size
    deviation = float(np.sqrt(np.mean(spread(space.users[:, :d], cold_rows[:, :d]) ** 2)))
    rows = cold_rows.copy()
    rows[:, :d] /= deviation
    data = evaluation_input(snapshot)
    both = np.intersect1d(data.warm_validation[:, 0], data.cold_validation[:, 0])
    if not len(both):
        return replace(space, calibration=Calibration(collaborative=1 / deviation))
    warm = _lists(space.users, space.item_table(snapshot.n_items), data, "warm", both)
    table = np.zeros((snapshot.n_items, space.d), dtype=np.float32)
    table[data.cold_items] = rows
    cold = _lists(space.users, table, data, "cold", both)
    scale, offset = best_blend(warm, cold)
    return replace(space, calibration=Calibration(1 / deviation, scale, offset))


def best_blend(warm: Lists, cold: Lists) -> tuple[float, float]:
    """Scale and offset of the cold scores with the best mean NDCG@20 of the merged lists."""
    from evaluation.ranking import ndcg

    last = LENGTH - 1
    whole = np.isfinite(warm.scores[:, last]) & np.isfinite(cold.scores[:, last])
    if not whole.any():  # fewer candidates than a list is long: everything is shown anyway
        return 1.0, 0.0
    warm_gap = float((warm.scores[whole, 0] - warm.scores[whole, last]).mean())
    cold_gap = float((cold.scores[whole, 0] - cold.scores[whole, last]).mean())
    n_true = warm.n_true + cold.n_true
    hits = np.concatenate([warm.hits, cold.hits], axis=1)
    best, chosen = -1.0, (1.0, 0.0)
    for relative in SCALES:
        scale = relative * warm_gap / max(cold_gap, 1e-9)
        level = float((warm.scores[whole, last] - scale * cold.scores[whole, last]).mean())
        for shift in SHIFTS:
            offset = level + shift * warm_gap
            scores = np.concatenate([warm.scores, scale * cold.scores + offset], axis=1)
            order = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
            value = float(ndcg(np.take_along_axis(hits, order, axis=1), n_true, k=LENGTH).mean())
            if value > best:
                best, chosen = value, (scale, offset)
    return chosen


def _lists(users: Any, items: Any, data: Any, setting: Any, among: Any) -> Lists:
    """The best items of one kind for some users, training pairs masked."""
    from evaluation.protocol import rank_for_users, ranking_task
    from evaluation.scorer import FactorScorer

    ranked = rank_for_users(
        FactorScorer(users, items), ranking_task(data, setting, phase="validation"), k=LENGTH
    )
    rows = np.searchsorted(ranked.users, among)
    chosen, hits = ranked.items[rows], ranked.hits[rows]
    scores = np.full(chosen.shape, -np.inf)
    for row, user in enumerate(among):
        known = chosen[row] >= 0
        scores[row, known] = items[chosen[row, known]] @ users[user]
    return Lists(scores, hits, ranked.n_true[rows])
