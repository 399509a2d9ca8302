"""Cold and warm items in one list: a scale and each user's offset, chosen by what validation users would be shown.

All interactions of a held-out cold item are held out and few of a warm one, so among held-out pairs cold items weigh
far more than new items do in live traffic. What both kinds are worth in a list is therefore measured apart, and
weighed by the share that new items had of the latest interactions.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from data.newcomers import new_item_share
from data.snapshot import Snapshot
from evaluation.pair_set import PairSet
from models.balanced_choice import balanced_choice
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import Calibration, PublishedSpace
from models.coldstart.user_levels import user_levels

LENGTH = 20  # a merged list of 20 never reaches deeper into one kind than 20
SCALES = (0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5)
"""Of the cold scores, relative to the scale at which the gap from 1st to 20th is that of the warm list."""
SHIFTS = (-0.8, -0.6, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
"""Of the cold list against the warm one, in gaps from 1st to 20th; 0 lets the levels of both kinds meet."""


TEXT_WEIGHTS = (Calibration().text, 1.5, 6.0, 12.0)
"""Of the text part against the collaborative one; the usual one first."""


class Lists(NamedTuple):
    """The best of one kind of items for n users: scores, falling, and hits, each (n, LENGTH); the others (n,).

    A user with ``n_true`` 0 has no held-out pairs of this kind and says nothing about it.
    """

    scores: Any
    hits: Any
    n_true: Any
    levels: Any


class Blend(NamedTuple):
    """Cold scores become ``scale * score + warm level - scale * cold level + shift``, levels being a user's own."""

    scale: float = 1.0
    shift: float = 0.0


def calibrated(
    space: PublishedSpace, snapshot: Snapshot, cold_rows: Any, *, config: ColdUpdateConfig
) -> PublishedSpace:
    """Choose how cold items enter a list beside warm ones.

    An offset lets the levels of both kinds of items meet; it is the last number of a user's vector.

    Args:
        space: A composed space without calibration.
        snapshot: Its validation pairs judge, by NDCG@20 within one list of warm and cold items; its times say what
            share of it cold items have.
        cold_rows: (C, F) the snapshot's held-out cold items, placed in it with a text part of weight 1.
        config: ``text_weight``, or None for the best one by NDCG@20 among cold items. ``offset`` "own": each user's
            levels meet; "common": the means of all users' 20th scores do.
            ``new_item_days``: what counts as new.

    Returns:
        The space with its calibration; unshifted where one kind has no validation pairs.
    """
    from assets.judging import evaluation_input
    from models.coldstart.published_space import spread, with_user_offsets

    d = space.collaborative_size
    deviation = float(np.sqrt(np.mean(spread(space.users[:, :d], cold_rows[:, :d]) ** 2)))
    rows = cold_rows.copy()
    rows[:, :d] /= deviation
    data = evaluation_input(snapshot)
    text = best_text_weight(space, rows, data) if config.text_weight is None else config.text_weight
    rows[:, d:] *= text
    if not len(data.warm_validation) or not len(data.cold_validation):
        return replace(space, calibration=Calibration(collaborative=1 / deviation, text=text))
    table = np.zeros((snapshot.n_items, space.d), dtype=np.float32)
    table[data.cold_items] = rows
    among, warm = _lists(space.users, space.item_table(snapshot.n_items), data, "warm")
    _, cold = _lists(space.users, table, data, "cold")
    if config.offset == "own":
        train = snapshot.split.train
        seen = np.column_stack([train[:, 0], np.searchsorted(space.warm_item_index, train[:, 1])])
        warm_levels = user_levels(space.users, space.warm_items, seen=seen)
        cold_levels = user_levels(space.users, rows, seen=seen[:0])
        warm, cold = warm._replace(levels=warm_levels[among]), cold._replace(levels=cold_levels[among])
    else:
        warm, cold = common_level(warm, cold)
        warm_levels, cold_levels = (np.full(len(space.users), one.levels[0]) for one in (warm, cold))
    blend = best_blend(warm, cold, cold_share=cold_share(snapshot, data, days=config.new_item_days))
    space = replace(space, calibration=Calibration(1 / deviation, blend.scale, text=text))
    return with_user_offsets(space, warm_levels - blend.scale * cold_levels + blend.shift)


def best_text_weight(space: PublishedSpace, rows: Any, data: Any) -> float:
    """What the text part should count against the collaborative one, by cold validation items in equal parts.

    Args:
        space: Gives the users.
        rows: (C, F) the cold items, both parts at a spread of 1.
        data: The judges' arrays.

    Returns:
        One of :data:`TEXT_WEIGHTS`; the first where nobody can judge.
    """
    from assets.judging import ndcg_by_part
    from evaluation.protocol import ranking_task
    from evaluation.scorer import FactorScorer

    if not len(data.cold_validation):
        return TEXT_WEIGHTS[0]
    by_part = ndcg_by_part(ranking_task(data, "cold", phase="validation"))
    values = []
    for weight in TEXT_WEIGHTS:
        table = np.zeros((data.n_items, rows.shape[1]), dtype=np.float32)
        table[data.cold_items] = rows
        table[:, space.collaborative_size :] *= weight
        values.append(by_part(FactorScorer(space.users, table)))
    return TEXT_WEIGHTS[balanced_choice(np.array(values))]


def cold_share(snapshot: Snapshot, data: Any, *, days: float) -> float:
    """What cold items count in a list: their share of live traffic; without times, of the validation pairs.

    Of a split by time the latest interactions are the test's, which must not have a say.
    """
    taken, split = snapshot.interactions, snapshot.split
    if split.protocol == "time":
        test = PairSet.of(np.concatenate([split.test.warm, split.test.cold]), snapshot.n_items)
        taken = taken.take(~test.contains(taken.pairs[:, 0], taken.pairs[:, 1]))
    live = new_item_share(taken, days=days)
    n_warm, n_cold = len(data.warm_validation), len(data.cold_validation)
    return n_cold / (n_warm + n_cold) if live is None else live


def best_blend(warm: Lists, cold: Lists, *, cold_share: float) -> Blend:
    """Scale and shift of the cold scores under which both kinds' mean NDCG@20 in the merged lists is best."""
    last = LENGTH - 1
    whole = np.isfinite(warm.scores[:, last]) & np.isfinite(cold.scores[:, last])
    if not whole.any():  # fewer candidates than a list is long: everything is shown anyway
        return Blend()
    warm_gap = float((warm.scores[whole, 0] - warm.scores[whole, last]).mean())
    cold_gap = float((cold.scores[whole, 0] - cold.scores[whole, last]).mean())
    best, chosen = -1.0, Blend()
    for relative in SCALES:
        for shift in SHIFTS:
            blend = Blend(relative * warm_gap / max(cold_gap, 1e-9), shift * warm_gap)
            value = worth(warm, cold, blend, cold_share)
            if value > best:
                best, chosen = value, blend
    return chosen


def worth(warm: Lists, cold: Lists, blend: Blend, cold_share: float) -> float:
    """Mean NDCG@20 of each kind's true items in the merged lists, weighed."""
    from evaluation.ranking import ndcg

    order = np.argsort(-blended(warm, cold, blend), axis=1, kind="stable")[:, :LENGTH]
    found = 0.0
    for one, weight, first in ((warm, 1 - cold_share, 0), (cold, cold_share, LENGTH)):
        hits = np.zeros((len(order), 2 * LENGTH), dtype=np.bool_)
        hits[:, first : first + LENGTH] = one.hits
        judged = one.n_true > 0
        if judged.any():
            shown = np.take_along_axis(hits[judged], order[judged], axis=1)
            found += weight * float(ndcg(shown, one.n_true[judged], k=LENGTH).mean())
    return found


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


def _lists(users: Any, items: Any, data: Any, kind: Any) -> tuple[Any, Lists]:
    """At most 20,000 users with validation pairs of any kind, and the best items of one kind for each."""
    from assets.judging import even_sample
    from evaluation.protocol import rank_for_users, ranking_task
    from evaluation.scorer import FactorScorer

    among = even_sample(np.union1d(data.warm_validation[:, 0], data.cold_validation[:, 0]))
    task = ranking_task(data, kind, phase="validation")
    task = replace(task, users=among, truth=task.truth[np.isin(task.truth[:, 0], among)])
    ranked = rank_for_users(FactorScorer(users, items), task, k=LENGTH)
    scores = np.full(ranked.items.shape, -np.inf)
    for row, user in enumerate(among):
        known = ranked.items[row] >= 0
        scores[row, known] = items[ranked.items[row, known]] @ users[user]
    return among, Lists(scores, ranked.hits, ranked.n_true, np.zeros(len(among)))
