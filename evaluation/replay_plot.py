"""The replay's curves, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evaluation.report_plots import ACCENT, QUIET, SECOND, STYLE, as_svg

COLOURS = {"loop": ACCENT, "always": SECOND, "never": QUIET}


@dataclass(frozen=True)
class Curve:
    """One policy's values.

    Attributes:
        name: Of the policy.
        points: Step, value, and both ends of its interval.
        marked: Steps at which a version came into office.
    """

    name: str
    points: Sequence[tuple[int, float, float, float]]
    marked: Sequence[int]


def curves_svg(curves: Sequence[Curve], *, across: str, up: str) -> str | None:
    """One line a policy with its intervals, a dot at each marked step; None without any point.

    Args:
        curves: The policies.
        across: Name of the steps.
        up: Name of the values.
    """
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.8), layout="constrained")
        axes = figure.add_subplot()
        for curve in drawn:
            at, middle, low, high = (np.array(column) for column in zip(*curve.points, strict=True))
            colour = COLOURS.get(curve.name, "#52606d")
            axes.plot(at, middle, color=colour, linewidth=1.8, label=curve.name)
            axes.fill_between(at, low, high, color=colour, alpha=0.12, linewidth=0)
            dots = np.isin(at, curve.marked)
            axes.plot(at[dots], middle[dots], "o", color=colour, markersize=4.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        axes.set_ylim(bottom=0)
        axes.grid(color="#e4e7eb", linewidth=0.8)
        axes.legend(frameon=False)
        return as_svg(figure)
