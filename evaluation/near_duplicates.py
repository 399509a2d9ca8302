"""A probe: how much of a figure comes from cold items that are nearly told by a warm one's text.

Cold items whose text lies close to a warm item's are left out of the truth. The candidates and the lists stay as
they are, so that the kept lists of every model answer the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Indices, Pairs, Values
from evaluation.benchmark_table import Spread
from evaluation.evaluation_input import EvaluationInput
from evaluation.protocol import judged_lists, ranking_task
from evaluation.ranked_lists import ListKey
from evaluation.report_tables import METRIC_TITLES, Cell, Table
from evaluation.user_side import UserSide, metric_values

THRESHOLDS = (0.9, 0.8)
"""Cosines above which two texts count as near-duplicates, the stricter probe last."""

CUTOFF = 20
METRICS = ("recall", "ndcg")
ITEMS_PER_BLOCK = 2048


@dataclass(frozen=True)
class DuplicateFigure:
    """One cold test figure under evaluator B, with or without near-duplicates in the truth.

    Attributes:
        model: Name in the table.
        seed: Of its training.
        threshold: Cosine above which cold items are left out; None: none is.
        metric: "recall" or "ndcg", at 20.
        value: Mean over the users who have truth left.
        users: How many these are.
        items: Cold test items with truth that are left.
    """

    model: str
    seed: int
    threshold: float | None
    metric: str
    value: float
    users: int
    items: int


def nearest_warm(directions: npt.NDArray[np.float32], *, cold: Indices, warm: Indices) -> Values:
    """Each cold item's highest cosine to a warm one.

    Args:
        directions: Centred text vectors of length one, shape (I, H), float32.
        cold: Shape (c,), int64.
        warm: Shape (w,), int64, at least one.

    Returns:
        Shape (c,), float64.
    """
    if not len(warm):
        raise ValueError("warm holds no item: there is nothing to be near to")
    table = directions[warm].T  # (H, w)
    blocks = [
        (directions[cold[start : start + ITEMS_PER_BLOCK]] @ table).max(axis=1)
        for start in range(0, len(cold), ITEMS_PER_BLOCK)
    ]
    return np.concatenate(blocks).astype(np.float64) if blocks else np.zeros(0)


def without_truth(data: EvaluationInput, items: Indices) -> EvaluationInput:
    """The same questions, with no true pair of these cold items; they stay candidates."""

    def kept(pairs: Pairs) -> Pairs:
        return pairs[~np.isin(pairs[:, 1], items)]

    return replace(data, cold_validation=kept(data.cold_validation), cold_test=kept(data.cold_test))


def rejudged(lists: Indices, data: EvaluationInput, *, key: ListKey, left_out: Indices) -> UserSide | None:
    """Judge kept lists with fewer items in the truth.

    Args:
        lists: Of each user with truth in ``data``, shape (n, 50), int64.
        data: All truth.
        key: Setting "cold", a phase, and evaluator "B": no mask depends on what is left out.
        left_out: Cold items that are no truth.

    Returns:
        Values of the users who have truth left; None if nobody has.

    Raises:
        ValueError: If the evaluator is not "B", or the lists are not those of the data's users.
    """
    setting, phase, evaluator = key
    if setting != "cold" or evaluator != "B":
        raise ValueError(f"only cold lists under evaluator B can be judged again, got {key}")
    users = ranking_task(data, setting, phase=phase, evaluator=evaluator).users
    if len(lists) != len(users):
        raise ValueError(f"lists must be of {len(users)} users, got {len(lists)}; they are of another split")
    fewer = without_truth(data, left_out)
    if not len(fewer.truth(setting, phase)):
        return None
    task = ranking_task(fewer, setting, phase=phase, evaluator=evaluator)
    kept = lists[np.searchsorted(users, task.users)]
    return UserSide(setting, phase, evaluator, task.users, metric_values(judged_lists(task, kept), (CUTOFF,)))


def duplicate_figures(
    lists: Indices, data: EvaluationInput, nearest: Values, *, key: ListKey, model: str, seed: int
) -> list[DuplicateFigure]:
    """One training's figures without a probe and under each.

    Args:
        lists: Of each user with truth, shape (n, 50), int64.
        data: The judges' arrays.
        nearest: Of ``data.cold_items``: the highest cosine to a warm item.
        key: As :func:`rejudged`.
        model: Name in the table.
        seed: Of the training.

    Returns:
        Figures; those of a probe that leaves no truth are missing.
    """
    found = []
    for threshold in (None, *THRESHOLDS):
        left_out = data.cold_items[nearest > threshold] if threshold is not None else data.cold_items[:0]
        side = rejudged(lists, data, key=key, left_out=left_out)
        if side is None:
            continue
        items = len(np.setdiff1d(data.truth("cold", key[1])[:, 1], left_out))
        found += [
            DuplicateFigure(
                model,
                seed,
                threshold,
                metric,
                float(side.values[metric, CUTOFF].mean()),
                len(side.users),
                items,
            )
            for metric in METRICS
        ]
    return found


def duplicates_table(figures: Sequence[DuplicateFigure], models: Sequence[str]) -> Table | None:
    """Models against all cold items, and those without a near-duplicate among the warm ones; None without figures.

    Args:
        figures: Of the models.
        models: In the order of the lines.
    """
    if not figures:
        return None
    probes = [one for one in (None, *THRESHOLDS) if any(figure.threshold == one for figure in figures)]
    keys = [(probe, metric) for probe in probes for metric in METRICS]
    at: dict[tuple[str, float | None, str], list[float]] = {}
    for figure in figures:
        at.setdefault((figure.model, figure.threshold, figure.metric), []).append(figure.value)
    spreads = {key: Spread.of(values) for key, values in at.items()}
    best = {
        key: max((round(s.mean, 3) for place, s in spreads.items() if place[1:] == key), default=0.0)
        for key in keys
    }
    lines = [
        (model, [_cell(spreads.get((model, *key)), best[key]) for key in keys])
        for model in models
        if any((model, *key) in spreads for key in keys)
    ]
    columns = [f"{_probe(probe)} {METRIC_TITLES[metric]}@{CUTOFF}" for probe, metric in keys]
    left = {probe: next(figure for figure in figures if figure.threshold == probe) for probe in probes}
    counts = "; ".join(
        f"{_probe(probe)}: {one.items:,} items, {one.users:,} users" for probe, one in left.items()
    )
    caption = (
        "Cold test, evaluator B. Cold items whose text has a cosine above the threshold to a warm item's (the "
        "language model's centred vectors) are left out of the truth and stay candidates, so that the same lists are "
        f"judged. True items and users: {counts}."
    )
    return Table("Without near-duplicates of warm items", caption, columns, lines)


def _probe(threshold: float | None) -> str:
    return "all" if threshold is None else f"without > {threshold:g}"


def _cell(spread: Spread | None, best: float) -> Cell:
    if spread is None:
        return Cell("–")
    shown = "" if spread.deviation is None else f"± {spread.deviation:.3f}"
    return Cell(f"{spread.mean:.3f}", shown, best=round(spread.mean, 3) == best)
