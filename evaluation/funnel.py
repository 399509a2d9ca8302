"""What each stage of a funnel lets through: a wide first guess at an item's users, then finer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.array_types import Indices
from evaluation.audience import cold_items_of, cold_truth_of
from evaluation.evaluation_input import EvaluationInput, Phase
from evaluation.pair_set import PairSet
from evaluation.report_tables import METRIC_TITLES, Cell, Table

FUNNEL_CUTOFFS = (20, 100, 500)
"""Users per item after which the funnel is looked into."""

PHASES: tuple[Phase, ...] = ("validation", "test")
METRICS = ("recall", "true_pairs")


@dataclass(frozen=True)
class FunnelFigure:
    """One number of one stage.

    Attributes:
        model: Whose funnel.
        seed: Of its training.
        stage: Name of the stage.
        phase: Which held-out cold items.
        metric: "recall" (mean over the items with true users) or "true_pairs" (share of all kept pairs).
        k: Users kept per item.
        value: Between 0 and 1.
    """

    model: str
    seed: int
    stage: str
    phase: str
    metric: str
    k: int
    value: float


def funnel_figures(
    users: Indices, data: EvaluationInput, *, model: str, seed: int, stage: str
) -> list[FunnelFigure]:
    """Recall and share of true pairs of one stage, as far as its lists reach.

    Args:
        users: Of each held-out cold item by rising item_index, best first, shape (C, N), int64.
        data: The snapshot's index arrays.
        model: Whose funnel.
        seed: Of its training.
        stage: Name of the stage.

    Returns:
        Figures of both phases where they have truth.

    Raises:
        ValueError: If there is not one list for each held-out cold item.
    """
    items = data.cold_items
    if len(users) != len(items):
        raise ValueError(f"users must hold {len(items)} lists, one for each cold item, got {len(users)}")
    found: list[FunnelFigure] = []
    for phase in PHASES:
        truth = cold_truth_of(data, phase)
        if not len(truth):
            continue
        rows = np.isin(items, cold_items_of(data, phase))
        hits = PairSet.of(truth, data.n_items).contains(users[rows], items[rows][:, None])  # (c, N)
        n_true = np.bincount(truth[:, 1], minlength=data.n_items)[items[rows]]  # (c,)
        for k in FUNNEL_CUTOFFS:
            if k > users.shape[1]:
                break
            kept = hits[:, :k].sum(axis=1)
            values = ((kept[n_true > 0] / n_true[n_true > 0]).mean(), kept.mean() / k)
            found += [
                FunnelFigure(model, seed, stage, phase, metric, k, float(value))
                for metric, value in zip(METRICS, values, strict=True)
            ]
    return found


def funnel_table(figures: Sequence[FunnelFigure], *, phase: Phase = "test") -> Table | None:
    """Stages against recall and share of true pairs, the first seed of each model; None if there are none.

    Args:
        figures: Of any number of models.
        phase: Which held-out cold items.
    """
    chosen = [one for one in figures if one.phase == phase]
    if not chosen:
        return None
    columns = [(metric, k) for metric in METRICS for k in FUNNEL_CUTOFFS]
    at = {(one.model, one.stage, one.metric, one.k): one.value for one in reversed(chosen)}
    stages = dict.fromkeys((one.model, one.stage) for one in chosen)
    lines = [
        (f"{model}: {stage}", [_cell(at.get((model, stage, *column))) for column in columns])
        for model, stage in stages
    ]
    caption = (
        f"Held-out cold items, {phase}. Recall: mean share of an item's true users who are among the k kept. True "
        "pairs: share of the kept pairs that happened. A dash: the stage keeps fewer users."
    )
    headings = [f"{METRIC_TITLES[metric]}@{k}" for metric, k in columns]
    return Table("Stages of a funnel of users", caption, headings, lines)


def _cell(value: float | None) -> Cell:
    return Cell("–" if value is None else f"{value:.3f}")
