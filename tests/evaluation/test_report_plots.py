"""Plots exist where there is something to plot, and nowhere else."""

from __future__ import annotations

import pytest

from evaluation import report_plots
from evaluation.findings import ReliabilityCurve
from tests.evaluation.findings_by_hand import report

PLOTS = [
    report_plots.quality_svg,
    report_plots.reliability_svg,
    report_plots.sides_svg,
    report_plots.losses_svg,
]


@pytest.mark.parametrize("plot", PLOTS)
def test_svg(plot):
    svg = plot(report())
    assert svg is not None
    assert "<svg" in svg


def test_the_same_findings_give_the_same_picture():
    assert report_plots.quality_svg(report()) == report_plots.quality_svg(report())


@pytest.mark.parametrize("plot", PLOTS)
def test_nothing_to_draw(plot):
    assert plot(report(rows=[], reliability={}, losses={})) is None


def test_a_curve_without_mass_or_observations_is_not_drawn():
    curve = ReliabilityCurve([1e-4, 1e-3], [0.0, 1e-3], [1.0, 0.0])
    assert report_plots.reliability_svg(report(reliability={"FilterLLM": curve})) is None


def test_png():
    for findings in (report(), report(rows=[])):
        assert report_plots.report_plot_png(findings).startswith(b"\x89PNG\r\n")
