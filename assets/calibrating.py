"""Cold and warm items in one list: a scale and each user's offset, chosen by what validation users would be shown."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from data.snapshot import Snapshot
from models.coldstart.config import Offset
from models.coldstart.published_space import Calibration, PublishedSpace
from models.coldstart.user_levels import user_levels

LENGTH = 20  # a merged list of 20 never reaches deeper into one kind than 20
SCALES = (0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5)
"""Of the cold scores, relative to the scale at which the gap from 1st to 20th is that of the warm list."""
SHIFTS = (-0.8, -0.6, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
"""Of the cold list against the warm one, in gaps from 1st to 20th; 0 lets the levels of both kinds meet."""


class Lists(NamedTuple):
    """The best of one kind of items for n users: scores, falling, and hits, each (n, LENGTH); levels (n,)."""

    scores: Any
    hits: Any
    n_true: Any
    levels: Any


class Blend(NamedTuple):
    """Cold scores become ``scale * score + warm level - scale * cold level + shift``, levels being a user's own."""

    scale: float = 1.0
    shift: float = 0.0


def calibrated(
    space: PublishedSpace, snapshot: Snapshot, cold_rows: Any, *, offset: Offset
) -> PublishedSpace:
    """Choose how cold items enter a list beside warm ones.

    An offset lets the levels of both kinds of items meet; it is the last number of a user's vector.

    Args:
        space: A composed space without calibration.
        snapshot: Its validation pairs judge, by NDCG@20 of one list of warm and cold items.
        cold_rows: (C, F) the snapshot's held-out cold items, placed in it.
        offset: "own": each user's levels meet; "common": the means of all users' 20th scores do.

    Returns:
        The space with its calibration; unshifted where nobody has warm and cold validation pairs.
    """
    from assets.judging import evaluation_input
    from models.coldstart.published_space import spread, with_user_offsets

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
    if offset == "own":
        train = snapshot.split.train
        seen = np.column_stack([train[:, 0], np.searchsorted(space.warm_item_index, train[:, 1])])
        warm_levels = user_levels(space.users, space.warm_items, seen=seen)
        cold_levels = user_levels(space.users, rows, seen=seen[:0])
        warm, cold = warm._replace(levels=warm_levels[both]), cold._replace(levels=cold_levels[both])
    else:
        warm, cold = common_level(warm, cold)
        warm_levels, cold_levels = (np.full(len(space.users), one.levels[0]) for one in (warm, cold))
    blend = best_blend(warm, cold)
    space = replace(space, calibration=Calibration(1 / deviation, blend.scale))
    return with_user_offsets(space, warm_levels - blend.scale * cold_levels + blend.shift)


def best_blend(warm: Lists, cold: Lists) -> Blend:
    """Scale and shift of the cold scores with the best mean NDCG@20 of the merged lists."""
    from evaluation.ranking import ndcg

    last = LENGTH - 1
    whole = np.isfinite(warm.scores[:, last]) & np.isfinite(cold.scores[:, last])
    if not whole.any():  # fewer candidates than a list is long: everything is shown anyway
        return Blend()
    warm_gap = float((warm.scores[whole, 0] - warm.scores[whole, last]).mean())
    cold_gap = float((cold.scores[whole, 0] - cold.scores[whole, last]).mean())
    n_true = warm.n_true + cold.n_true
    hits = np.concatenate([warm.hits, cold.hits], axis=1)
    best, chosen = -1.0, Blend()
    for relative in SCALES:
        for shift in SHIFTS:
            blend = Blend(relative * warm_gap / max(cold_gap, 1e-9), shift * warm_gap)
            order = np.argsort(-blended(warm, cold, blend), axis=1, kind="stable")[:, :LENGTH]
            value = float(ndcg(np.take_along_axis(hits, order, axis=1), n_true, k=LENGTH).mean())
            if value > best:
                best, chosen = value, blend
    return chosen


def common_level(warm: Lists, cold: Lists) -> tuple[Lists, Lists]:
    """The same lists with one level for all: the mean of the last scores of users whose lists are full."""
    last = LENGTH - 1
    whole = np.isfinite(warm.scores[:, last]) & np.isfinite(cold.scores[:, last])
    means = [float(one.scores[whole, last].mean()) if whole.any() else 0.0 for one in (warm, cold)]
    first, second = (
        one._replace(levels=np.full(len(one.scores), m)) for one, m in zip((warm, cold), means, strict=True)
    )
    return first, second


def blended(warm: Lists, cold: Lists, blend: Blend) -> Any:
    """Scores of both kinds side by side, comparable, (n, 2 * LENGTH)."""
    offsets = warm.levels - blend.scale * cold.levels + blend.shift
    return np.concatenate([warm.scores, blend.scale * cold.scores + offsets[:, None]], axis=1)


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
    return Lists(scores, hits, ranked.n_true[rows], np.zeros(len(rows)))
