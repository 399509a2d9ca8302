"""The benchmark's plots: one named point a model."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.benchmark_row import BenchmarkRow
from evaluation.benchmark_table import headline_rows, spreads, training_seconds
from evaluation.report_plots import ACCENT, QUIET, STYLE, as_svg

SIZE = (8.6, 7.0)  # inches
FARTHEST = 0.06  # of the axes, as all below: a name that finds no place so near is left out
STEP = 0.006  # between the heights that are tried for a name
GLYPH, HALF_LINE = 0.0075, 0.012  # about one letter's width and half a name's height
RADIUS = 0.007  # of a point
GAP = 0.012  # between a point and its name
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


class Box(NamedTuple):
    """What a name or a point takes of the axes."""

    left: float
    right: float
    middle: float
    half_height: float

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and abs(self.middle - other.middle) < self.half_height + other.half_height


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
    """Names beside their points, those of variants last; where too many crowd, the table alone has the others."""
    axes.autoscale_view()
    to_axes = axes.transScale + axes.transLimits
    places = {model: tuple(to_axes.transform(np.array(at))) for model, at in points.at.items()}
    taken = [Box(x - RADIUS, x + RADIUS, y, RADIUS) for x, y in places.values()]
    variants = {name for name in places if any(name.startswith(f"{other}_") for other in places)}
    for model in sorted(places, key=lambda name: (name != product, name in variants, -places[name][1])):
        box = _free_box(*places[model], width=GLYPH * len(model), taken=taken)
        if box is None:
            continue
        taken.append(box)
        mine = model == product
        leftwards = box.right < places[model][0]
        axes.annotate(
            model,
            points.at[model],
            (box.right if leftwards else box.left, box.middle),
            textcoords="axes fraction",
            ha="right" if leftwards else "left",
            va="center",
            fontsize=7.5,
            color=ACCENT if mine else "#52606d",
            fontweight="bold" if mine else "normal",
            arrowprops={"arrowstyle": "-", "color": "#cbd2d9", "linewidth": 0.5},
            annotation_clip=False,
        )


def _free_box(x: float, y: float, *, width: float, taken: Sequence[Box]) -> Box | None:
    """The nearest place for a name beside its point that meets nothing; None if there is none near."""
    for step in range(round(FARTHEST / STEP)):
        for level, leftwards in itertools.product((y + step * STEP, y - step * STEP), (x > 0.75, x <= 0.75)):
            left = x - GAP - width if leftwards else x + GAP
            box = Box(left, left + width, level, HALF_LINE)
            if left >= 0 and box.right <= 1 and 0.015 <= level <= 0.985 and not any(map(box.meets, taken)):
                return box
    return None
