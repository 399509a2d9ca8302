"""The replay as one HTML page that needs nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.forward_test import METRICS
from evaluation.replay_plot import Curve, curves_svg
from evaluation.report_page import data_uri, template_of

if TYPE_CHECKING:
    from evaluation.replay import Replay


def page(replay: Replay) -> str:
    """Lay a replay out for people.

    Args:
        replay: The outcome.

    Returns:
        A complete HTML document; every text from outside is escaped.
    """
    from evaluation.replay import TITLES

    plots = [(TITLES[metric], data_uri(_curves(replay, metric))) for metric in METRICS]
    return template_of("replay_page.html.j2").render(replay=replay, plots=plots)


def _curves(replay: Replay, metric: str) -> str | None:
    """One metric of every policy, step by step, with intervals; trainings are marked."""
    from evaluation.replay import TITLES

    curves = []
    for policy in replay.policies:
        found = [(one, one.figures[metric]) for one in replay.of(policy)]
        points = [(one.step, i.mean, i.low, i.high) for one, i in found if i is not None]
        curves.append(Curve(policy, points, [one.step for one, _ in found if one.promoted]))
    return curves_svg(curves, across="step", up=TITLES[metric])
