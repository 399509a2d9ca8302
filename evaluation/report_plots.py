"""The report's plots, drawn without a display and without global state."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evaluation.findings import EpochLoss, Findings

ACCENT = "#0b6e6e"
QUIET = "#9aa5b1"
INK = "#1f2933"
SECOND = "#c2571a"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#cbd2d9",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": "#52606d",
    "ytick.color": "#52606d",
    "svg.hashsalt": "coldcast",
}
"""Looks, and a fixed salt: the same findings give the same bytes."""

LEAST_PREDICTED_MASS = 1e-4
"""Bins of less probability mass are not drawn on the reliability curve."""


def quality_svg(findings: Findings) -> str | None:
    """Cold test NDCG@20 of every model with its interval, best on top; None if nothing was judged."""
    return _drawn(findings, _quality, size=(7.0, 0.8 + 0.36 * len(findings.models)))


def reliability_svg(findings: Findings) -> str | None:
    """Observed against predicted probability; None if no model gives probabilities."""
    return _drawn(findings, _reliability, size=(5.2, 4.2)) if findings.reliability else None


def sides_svg(findings: Findings) -> str | None:
    """User side against audience side, one point a model; None if either side is missing."""
    return _drawn(findings, _sides, size=(5.2, 4.2)) if _side_points(findings) else None


def losses_svg(findings: Findings) -> str | None:
    """Loss by epoch, one panel a station, with the validation value beside it; None without curves."""
    curves = [(station, curve) for station, curve in findings.losses.items() if curve]
    if not curves:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * len(curves), 3.0), layout="constrained")
        for place, (station, curve) in enumerate(curves):
            _losses(figure.add_subplot(1, len(curves), place + 1), station, curve)
        return as_svg(figure)


def report_plot_png(findings: Findings) -> bytes:
    """One picture of the report for places that show pictures: quality, and both sides against each other.

    Args:
        findings: The report's content.

    Returns:
        A PNG file.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.0, 4.2), layout="constrained", dpi=88)  # 968 pixels fit a dialog
        if findings.select(side="user", setting="cold", phase="test", evaluator="B", metric="ndcg", k=20):
            _quality(figure.add_subplot(1, 2, 1), findings)
        if _side_points(findings):
            _sides(figure.add_subplot(1, 2, 2), findings)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return buffer.getvalue()


def _quality(axes: Axes, findings: Findings) -> bool:
    """Dots with whiskers."""
    rows = findings.select(side="user", setting="cold", phase="test", evaluator="B", metric="ndcg", k=20)
    rows.sort(key=lambda row: row.value)
    for height, row in enumerate(rows):
        colour = ACCENT if row.model == findings.model else QUIET
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [height, height], color=colour, linewidth=3, alpha=0.45)
        axes.plot([0, row.value], [height, height], color=colour, linewidth=1, alpha=0.35)
        axes.plot(row.value, height, "o", color=colour, markersize=6.5)
        right = row.high if row.high is not None else row.value
        axes.annotate(
            f"{row.value:.3f}", (right, height), (7, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set_yticks(range(len(rows)), [row.model for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.model == findings.model else "normal")
    axes.set_xlim(left=0)
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.set_xlabel("cold NDCG@20, evaluator B, 95 % interval over users")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return bool(rows)


def _reliability(axes: Axes, findings: Findings) -> bool:
    """Log-log curve with the diagonal of a calibrated model."""
    ends: list[float] = []
    order = sorted(findings.reliability, key=lambda name: name == findings.model)
    for name in order:
        curve = findings.reliability[name]
        points = [
            (p, o)
            for p, o, m in zip(curve.predicted, curve.observed, curve.mass, strict=True)
            if m >= LEAST_PREDICTED_MASS and o > 0
        ]
        if not points:
            continue
        x, y = zip(*points, strict=True)
        mine = name == findings.model
        axes.plot(
            x,
            y,
            "o-",
            color=ACCENT if mine else QUIET,
            markersize=4.5,
            linewidth=2 if mine else 1.2,
            label=name,
        )
        ends += [*x, *y]
    if not ends:
        return False
    axes.plot(
        [min(ends), max(ends)], [min(ends), max(ends)], "--", color=INK, linewidth=1, label="calibrated"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("predicted p(user | item), mean of the bin")
    axes.set_ylabel("observed share")
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    return True


def _side_points(findings: Findings) -> dict[str, tuple[float, float]]:
    """Cold NDCG@20 of the users and share of true pairs at 20, of the models that have both."""
    points = {}
    for model in findings.models:
        user = findings.find(
            model=model, side="user", setting="cold", phase="test", evaluator="B", metric="ndcg", k=20
        )
        audience = findings.find(model=model, side="audience", phase="both", metric="true_pairs", k=20)
        if user is not None and audience is not None:
            points[model] = (user.value, audience.value)
    return points


def _sides(axes: Axes, findings: Findings) -> bool:
    """Named points; a name moves down where another one already stands."""
    points = _side_points(findings)
    across = max(x for x, _ in points.values()) or 1.0
    up = max(y for _, y in points.values()) or 1.0
    placed: list[tuple[float, float]] = []
    for model, (x, y) in sorted(points.items(), key=lambda point: -point[1][1]):
        mine = model == findings.model
        axes.plot(x, y, "o", color=ACCENT if mine else QUIET, markersize=9 if mine else 7)
        height = y
        while any(abs(x - px) < 0.45 * across and abs(height - py) < 0.058 * up for px, py in placed):
            height -= 0.01 * up
        placed.append((x, height))
        leftwards = x > 0.55 * across
        axes.annotate(
            model,
            (x, y),
            (x + (-0.035 if leftwards else 0.035) * across, height),
            ha="right" if leftwards else "left",
            va="center",
            color=ACCENT if mine else "#52606d",
            fontweight="bold" if mine else "normal",
            arrowprops={"arrowstyle": "-", "color": "#cbd2d9", "linewidth": 0.7},
        )
    axes.set_xlim(-0.03 * across, 1.08 * across)
    axes.set_ylim(min(-0.05 * up, min(height for _, height in placed) - 0.05 * up), 1.1 * up)
    axes.set_xlabel("user side: cold NDCG@20 (items for a user)")
    axes.set_ylabel("audience side: true pairs@20 (users for an item)")
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return True


def _losses(axes: Axes, station: str, curve: list[EpochLoss]) -> None:
    """Loss on the left axis, validation on the right one."""
    axes.plot([e.epoch for e in curve], [e.loss for e in curve], color=ACCENT, linewidth=2)
    axes.set_title(station, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss", color=ACCENT)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#e4e7eb", linewidth=0.8)
    checked = [(e.epoch, e.validation) for e in curve if e.validation is not None]
    if checked:
        other = axes.twinx()
        other.plot(*zip(*checked, strict=True), color=SECOND, linewidth=1.5, linestyle="--")
        other.set_ylabel("validation", color=SECOND)


def _drawn(
    findings: Findings, draw: Callable[[Axes, Findings], bool], *, size: tuple[float, float]
) -> str | None:
    """Draw one panel and give it as SVG, or None if there was nothing to draw."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        if not draw(figure.add_subplot(), findings):
            return None
        return as_svg(figure)


def as_svg(figure: Figure) -> str:
    """The figure as text, without a date."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return buffer.getvalue()
