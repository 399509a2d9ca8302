"""The benchmark as one HTML page that needs nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation import benchmark_plots
from evaluation.report_page import data_uri, template_of

if TYPE_CHECKING:
    from evaluation.benchmark import Benchmark

PRODUCT = "default"
"""The model whose lines stand out."""


def page(benchmark: Benchmark) -> str:
    """Lay a benchmark out for people.

    Args:
        benchmark: All models.

    Returns:
        A complete HTML document; every text from outside is escaped.
    """
    return template_of("benchmark_page.html.j2").render(
        benchmark=benchmark,
        product=PRODUCT,
        time=data_uri(benchmark_plots.time_svg(benchmark.rows, product=PRODUCT)),
        settings=data_uri(benchmark_plots.settings_svg(benchmark.rows, product=PRODUCT)),
        sides=data_uri(
            benchmark_plots.sides_svg(benchmark.rows, benchmark.over_both_phases, product=PRODUCT)
        ),
    )
