"""The report as one HTML page that needs nothing beside it: styles inline, plots as data URIs."""

from __future__ import annotations

import base64
from pathlib import Path

import jinja2

from evaluation import report_plots
from evaluation.audience import AUDIENCE_CUTOFFS
from evaluation.findings import Findings
from evaluation.report_plots import report_plot_png
from evaluation.report_summary import headline_numbers, summary
from evaluation.report_tables import (
    MAIN_METRICS,
    OTHER_METRICS,
    audience_table,
    comparison_table,
    distribution_table,
    user_table,
)

__all__ = ["data_uri", "page", "report_plot_png", "template_of"]

TEMPLATES = Path(__file__).parent
SETTINGS = ("cold", "warm", "overall")


def page(findings: Findings) -> str:
    """Lay the findings out for people.

    Args:
        findings: The report's content.

    Returns:
        A complete HTML document; every text from outside is escaped.
    """
    template = template_of("report_page.html.j2")
    users = {
        (evaluator, setting, metrics): user_table(
            findings, setting=setting, evaluator=evaluator, metrics=metrics
        )
        for evaluator in ("B", "A")
        for setting in SETTINGS
        for metrics in (MAIN_METRICS, OTHER_METRICS)
    }
    present = {key: table for key, table in users.items() if table is not None}
    return template.render(
        findings=findings,
        summary=summary(findings),
        numbers=headline_numbers(findings),
        main_tables=[t for (e, _, m), t in present.items() if e == "B" and m == MAIN_METRICS],
        more_tables=[t for (e, _, m), t in present.items() if e == "B" and m == OTHER_METRICS],
        other_tables=[t for (e, _, m), t in present.items() if e == "A" and m == MAIN_METRICS],
        audiences=[t for k in AUDIENCE_CUTOFFS if (t := audience_table(findings, k=k)) is not None],
        distribution=distribution_table(findings),
        comparison=comparison_table(findings),
        quality=data_uri(report_plots.quality_svg(findings)),
        sides=data_uri(report_plots.sides_svg(findings)),
        reliability=data_uri(report_plots.reliability_svg(findings)),
        losses=data_uri(report_plots.losses_svg(findings)),
    )


def template_of(name: str) -> jinja2.Template:
    """A page of this room, by its file name; every value put into it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def data_uri(svg: str | None) -> str | None:
    """A picture that travels inside the page; None stays None."""
    if svg is None:
        return None
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
