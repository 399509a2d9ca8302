"""The curve over real interactions, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from evaluation.report_plots import ACCENT, QUIET, SECOND, STYLE, as_svg
from evaluation.warming import WarmingFigure, methods_of, steps_of


def curve_svg(figures: Sequence[WarmingFigure]) -> str:
    """NDCG@20 against revealed interactions, one line a method, with intervals."""
    methods, steps = methods_of(figures), steps_of(figures)
    colours = [ACCENT, SECOND, *(["#52606d", QUIET] * len(methods))]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.4), layout="constrained")
        axes = figure.add_subplot()
        for number, method in enumerate(methods):
            line = [one for one in figures if (one.method, one.metric) == (method, "ndcg")]
            at = np.array([one.revealed for one in line])
            middle, low, high = (
                np.array([getattr(one, name) for one in line]) for name in ("value", "low", "high")
            )
            style: dict[str, Any] = {
                "color": colours[number],
                "linestyle": ("-", "--", ":", "-.")[number % 4 if number else 0],
            }
            axes.plot(
                at,
                middle,
                marker="o",
                markersize=4,
                label=method,
                linewidth=2 if not number else 1.3,
                **style,
            )
            axes.fill_between(at, low, high, color=colours[number], alpha=0.1, linewidth=0)
        axes.xaxis.set_major_locator(FixedLocator(steps))
        axes.set_xlabel("real interactions of each cold item")
        axes.set_ylabel("test NDCG@20")
        axes.grid(color="#e4e7eb", linewidth=0.8)
        axes.legend(frameon=False)
        return as_svg(figure)
