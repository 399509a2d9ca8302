"""The tables of a benchmark as text cells: means over seeds with their standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.benchmark_row import BenchmarkRow
from evaluation.comparison import Comparison
from evaluation.report_tables import METRIC_TITLES, Cell, Table

SETTINGS = ("cold", "overall", "warm")
MAIN = ("recall", "ndcg")
AUDIENCE = ("true_pairs", "recall", "ndcg", "precision", "gini", "share_chosen")
NEITHER_BETTER = ("gini", "share_chosen")
MASKS = {"A": "training and other known pairs masked", "B": "training pairs masked"}


@dataclass(frozen=True)
class Spread:
    """One figure over the seeds.

    Attributes:
        mean: Over the seeds.
        deviation: Standard deviation of a seed (over n - 1); None of a single seed.
        n: Seeds.
    """

    mean: float
    deviation: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """From the values of the seeds, at least one."""
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), deviation, len(values))


def spreads(rows: Sequence[BenchmarkRow]) -> dict[str, Spread]:
    """One figure of every model over its seeds.

    Args:
        rows: Of one figure: one row a model and seed.

    Returns:
        By model, in order of appearance.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row.model, []).append(row.value)
    return {model: Spread.of(values) for model, values in found.items()}


def headline_rows(rows: Sequence[BenchmarkRow], setting: str = "cold") -> list[BenchmarkRow]:
    """The rows of test NDCG@20 under evaluator B in one setting."""
    wanted = ("user", setting, "test", "B", "ndcg", 20)
    return [
        row for row in rows if (row.side, row.setting, row.phase, row.evaluator, row.metric, row.k) == wanted
    ]


def ordered_models(rows: Sequence[BenchmarkRow]) -> list[str]:
    """All models, the best cold test NDCG@20 under evaluator B first."""
    best = spreads(headline_rows(rows))
    models = dict.fromkeys(row.model for row in rows)
    return sorted(models, key=lambda model: -best[model].mean if model in best else 1.0)


def user_table(
    rows: Sequence[BenchmarkRow], *, evaluator: str, phase: str = "test", k: int = 20
) -> Table | None:
    """Models against settings, Recall and NDCG, with seeds and training time.

    Args:
        rows: Of the benchmark.
        evaluator: "A" or "B".
        phase: "validation" or "test".
        k: List length.

    Returns:
        The table, or None if there is no such row.
    """
    place = ("user", phase, evaluator, k)
    chosen = [row for row in rows if (row.side, row.phase, row.evaluator, row.k) == place]
    if not chosen:
        return None
    columns = {
        f"{setting} {METRIC_TITLES[metric]}@{k}": spreads(
            [row for row in chosen if (row.setting, row.metric) == (setting, metric)]
        )
        for setting in SETTINGS
        for metric in MAIN
    }
    return _table(
        rows,
        columns,
        title=f"Evaluator {evaluator}, {phase}, lists of {k}",
        caption=(
            f"{MASKS[evaluator].capitalize()}. Mean over seeds and its standard deviation; cold items are ranked "
            "among all held-out cold items, validation and test together. Seconds: wall time of a training, with "
            "that of the shared vectors it starts from."
        ),
        with_seconds=True,
    )


def audience_table(rows: Sequence[BenchmarkRow], *, k: int) -> Table | None:
    """Models against the measures of an audience of ``k`` users.

    Args:
        rows: The audience rows of one phase, or of both.
        k: Audience size.

    Returns:
        The table, or None if there is no such row.
    """
    chosen = [row for row in rows if (row.side, row.k) == ("audience", k)]
    if not chosen:
        return None
    columns = {
        f"{METRIC_TITLES[metric]}@{k}": spreads([row for row in chosen if row.metric == metric])
        for metric in AUDIENCE
    }
    return _table(
        rows,
        columns,
        title=f"An audience of {k} users for each cold item",
        caption=(
            "Held-out cold items of both phases, each judged by its own phase's pairs; all users are candidates. True "
            "pairs: share of the predicted pairs that happened. Gini and ever chosen: how the audiences spread over "
            "all users."
        ),
    )


def comparison_table(comparisons: Sequence[Comparison], models: Sequence[str]) -> Table | None:
    """Paired differences of every model to each reference; None if there are none.

    Args:
        comparisons: Of the cold test, evaluator B.
        models: In the order of the lines.
    """
    if not comparisons:
        return None
    at = {(c.model, c.reference, c.metric): c for c in comparisons}
    keys = list(dict.fromkeys((c.reference, c.metric) for c in comparisons))
    lines = [
        (model, [_difference(at.get((model, *key))) for key in keys])
        for model in models
        if any((model, *key) in at for key in keys)
    ]
    caption = (
        f"Cold test items, evaluator B: mean difference over the same {comparisons[0].n:,} users, each user's values "
        "averaged over the seeds that both models have, with its paired 95 % interval; bold: above zero."
    )
    columns = [f"minus {reference}, {_metric(metric)}" for reference, metric in keys]
    return Table("Paired differences over users", caption, columns, lines)


def _table(
    rows: Sequence[BenchmarkRow],
    columns: dict[str, dict[str, Spread]],
    *,
    title: str,
    caption: str,
    with_seconds: bool = False,
) -> Table:
    """One line a model: seeds, figures, and training seconds if wanted."""
    models = [model for model in ordered_models(rows) if any(model in column for column in columns.values())]
    best = {name: _best(name, column) for name, column in columns.items()}
    seconds = training_seconds(rows)
    lines = []
    for model in models:
        cells = [_cell(column.get(model), best[name]) for name, column in columns.items()]
        seeds = max(column[model].n for column in columns.values() if model in column)
        tail = [Cell(f"{seconds[model]:,.0f}")] if with_seconds else []
        lines.append((model, [Cell(str(seeds)), *cells, *tail]))
    headings = ["seeds", *columns, *(["seconds"] if with_seconds else [])]
    return Table(title, caption, headings, lines)


def training_seconds(rows: Sequence[BenchmarkRow]) -> dict[str, float]:
    """Mean training seconds of each model."""
    by_seed: dict[str, dict[int, float]] = {}
    for row in rows:
        by_seed.setdefault(row.model, {})[row.seed] = row.train_seconds
    return {model: float(np.mean(list(found.values()))) for model, found in by_seed.items()}


def _best(name: str, column: dict[str, Spread]) -> str | None:
    """The winning number as shown, or None where more is neither better nor worse."""
    if not column or any(name.startswith(METRIC_TITLES[metric]) for metric in NEITHER_BETTER):
        return None
    return f"{max(spread.mean for spread in column.values()):.3f}"


def _cell(spread: Spread | None, best: str | None) -> Cell:
    if spread is None:
        return Cell("–")
    shown = f"{spread.mean:.3f}"
    return Cell(shown, "" if spread.deviation is None else f"± {spread.deviation:.3f}", best=shown == best)


def _difference(found: Comparison | None) -> Cell:
    if found is None:
        return Cell("–")
    return Cell(
        _signed(found.difference), f"[{_signed(found.low)}, {_signed(found.high)}]", best=found.low > 0
    )


def _metric(name: str) -> str:
    metric, _, k = name.partition("@")
    return f"{METRIC_TITLES[metric]}@{k}"


def _signed(value: float) -> str:
    """Three decimals with a sign; what rounds to zero has none."""
    shown = f"{value:+.3f}"
    return "0.000" if float(shown) == 0 else shown.replace("-", "−")
