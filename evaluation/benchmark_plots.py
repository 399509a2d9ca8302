"""The benchmark's plots: one named point a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.benchmark_row import BenchmarkRow
from evaluation.benchmark_table import headline_rows, spreads, training_seconds
from evaluation.report_plots import ACCENT, QUIET, STYLE, as_svg

SIZE = (8.6, 7.0)  # inches
FARTHEST = 0.15  # of the axes: where models crowd, the table has the names of the others
LEAST_SECONDS = 0.1  # shorter trainings are drawn here: the time axis is logarithmic


@dataclass(frozen=True)
class Points:
    """What one plot shows.

    Attributes:
        at: Place of each model.
        across: Label of the horizontal axis.
        up: Label of the vertical axis.
        logarithmic: Whether the horizontal axis is.
    """

    at: Mapping[str, tuple[float, float]]
    across: str
    up: str
    logarithmic: bool = False


def time_svg(rows: Sequence[BenchmarkRow], *, product: str) -> str | None:
    """Cold test NDCG@20 against training seconds; None without such rows."""
    cold, seconds = _means(rows, "cold"), training_seconds(rows)
    at = {model: (max(seconds[model], LEAST_SECONDS), value) for model, value in cold.items()}
    return _drawn(Points(at, "training, wall seconds", "cold NDCG@20", logarithmic=True), product)


def settings_svg(rows: Sequence[BenchmarkRow], *, product: str) -> str | None:
    """Warm against cold test NDCG@20; None without such rows."""
    cold, warm = _means(rows, "cold"), _means(rows, "warm")
    at = {model: (cold[model], warm[model]) for model in cold if model in warm}
    return _drawn(Points(at, "cold NDCG@20", "warm NDCG@20"), product)


def sides_svg(
    rows: Sequence[BenchmarkRow], over_both_phases: Sequence[BenchmarkRow], *, product: str
) -> str | None:
    """Audience side against user side; None where either is missing."""
    cold = _means(rows, "cold")
    audience = spreads([row for row in over_both_phases if (row.metric, row.k) == ("true_pairs", 20)])
    at = {model: (cold[model], audience[model].mean) for model in cold if model in audience}
    return _drawn(Points(at, "user side: cold NDCG@20", "audience side: true pairs@20"), product)


def _means(rows: Sequence[BenchmarkRow], setting: str) -> dict[str, float]:
    """Test NDCG@20 under evaluator B of every model, mean over seeds."""
    return {model: spread.mean for model, spread in spreads(headline_rows(rows, setting)).items()}


def _drawn(points: Points, product: str) -> str | None:
    if not points.at:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        if points.logarithmic:
            axes.set_xscale("log")
        for model, (x, y) in points.at.items():
            mine = model == product
            axes.plot(x, y, "o", color=ACCENT if mine else QUIET, markersize=8 if mine else 5.5)
        axes.margins(x=0.12, y=0.06)
        _name_points(axes, points, product)
        axes.set_xlabel(points.across)
        axes.set_ylabel(points.up)
        axes.grid(color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        return as_svg(figure)


def _name_points(axes: Axes, points: Points, product: str) -> None:
    """Names beside their points, the product's first, moved where another stands; none far from its point."""
    width, height = 0.19, 0.023  # of the axes, about one name
    axes.autoscale_view()
    to_axes = axes.transScale + axes.transLimits
    placed: list[tuple[float, float]] = []
    for model, point in sorted(points.at.items(), key=lambda named: (named[0] != product, -named[1][1])):
        x, y = to_axes.transform(np.array(point))
        leftwards = x > 0.75
        start = x - width if leftwards else x
        near = [taken for other, taken in placed if abs(start - other) < width]
        level = next(at for at in _levels(y) if all(abs(at - taken) >= height for taken in near))
        if abs(level - y) > FARTHEST:
            continue
        placed.append((start, level))
        mine = model == product
        axes.annotate(
            model,
            point,
            (x + (-0.012 if leftwards else 0.012), level),
            textcoords="axes fraction",
            ha="right" if leftwards else "left",
            va="center",
            fontsize=7.5,
            color=ACCENT if mine else "#52606d",
            fontweight="bold" if mine else "normal",
            arrowprops={"arrowstyle": "-", "color": "#cbd2d9", "linewidth": 0.5},
            annotation_clip=False,
        )


def _levels(start: float) -> Iterator[float]:
    """Heights to try for a name: the point's own, then further and further away, inside the axes first."""
    steps = [start + sign * step * 0.006 for step in range(200) for sign in (-1, 1)]
    yield from (level for level in steps if 0.015 <= level <= 0.985)
    yield from (start - 1.2 - 0.03 * number for number in itertools.count())
