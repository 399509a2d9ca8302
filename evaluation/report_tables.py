"""The report's tables as text cells, before they become Markdown or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.comparison import Comparison
from evaluation.findings import Findings
from evaluation.row import Row

SETTING_TITLES = {
    "cold": "Cold items: ranked among all held-out cold items",
    "warm": "Warm items: ranked among warm items",
    "overall": "Overall: warm and cold ranked together",
}
METRIC_TITLES = {
    "true_pairs": "True pairs",
    "recall": "Recall",
    "ndcg": "NDCG",
    "precision": "Precision",
    "hit_rate": "Hit rate",
    "mrr": "MRR",
    "gini": "Gini",
    "share_chosen": "Ever chosen",
    "log_likelihood": "Log-likelihood",
    "nats_over_uniform": "over uniform",
    "nats_over_degree_prior": "over degree prior",
    "ece": "ECE",
}
MAIN_METRICS = ("recall", "ndcg")
OTHER_METRICS = ("precision", "hit_rate", "mrr")
NATS = ("log_likelihood", "nats_over_uniform", "nats_over_degree_prior")


@dataclass(frozen=True)
class Cell:
    """One number as text.

    Attributes:
        value: The number, or an en dash where there is none.
        interval: "low – high", or "".
        best: Whether no other model of the column does better (only where better has a direction).
        warning: Sentence beside the number, or "".
    """

    value: str
    interval: str = ""
    best: bool = False
    warning: str = ""


@dataclass(frozen=True)
class Table:
    """A titled grid, mostly of one line per model.

    Attributes:
        title: Heading.
        caption: A sentence that says n, evaluator and phase.
        columns: Column headings.
        lines: Model name and its cells.
        warning: Sentence about the whole table, or "".
        of: What a line is of.
    """

    title: str
    caption: str
    columns: list[str]
    lines: list[tuple[str, list[Cell]]]
    warning: str = ""
    of: str = "model"


def user_table(
    findings: Findings,
    *,
    setting: str,
    evaluator: str,
    phase: str = "test",
    metrics: Sequence[str] = MAIN_METRICS,
) -> Table | None:
    """Models against metrics and list lengths in one setting.

    Args:
        findings: The report's content.
        setting: "cold", "warm" or "overall".
        evaluator: "A" or "B".
        phase: "validation" or "test".
        metrics: Which metrics are columns.

    Returns:
        The table, or None if the findings have no such rows.
    """
    found = findings.select(side="user", setting=setting, evaluator=evaluator, phase=phase)
    rows = [row for row in found if row.metric in metrics]
    if not rows:
        return None
    masks = "training pairs masked" if evaluator == "B" else "training and other known pairs masked"
    return _table(
        rows,
        title=SETTING_TITLES[setting],
        caption=(
            f"Evaluator {evaluator} ({masks}), {phase} pairs, "
            f"mean over {rows[0].n:,} users with its 95 % interval."
        ),
    )


def audience_table(findings: Findings, *, k: int, phase: str = "both") -> Table | None:
    """Models against the measures of an audience of ``k`` users.

    Args:
        findings: The report's content.
        k: Audience size.
        phase: "both", "validation" or "test".

    Returns:
        The table, or None if the findings have no such rows. Precision is left out: on items with truth it
        is the share of true pairs.
    """
    rows = [row for row in findings.select(side="audience", phase=phase, k=k) if row.metric != "precision"]
    if not rows:
        return None
    which = "held-out cold items" if phase == "both" else f"cold {phase} items"
    caption = (
        f"{rows[0].n:,} {which}; all users are candidates. True pairs: share of the predicted pairs "
        "that happened. Gini and ever chosen: how the audiences spread over all users."
    )
    return _table(rows, title=f"An audience of {k} users for each cold item", caption=caption)


def distribution_table(findings: Findings, *, phase: str = "both") -> Table | None:
    """Likelihood and calibration of the models that give probabilities; None if there are none."""
    rows = [row for row in findings.select(side="audience", phase=phase) if row.metric in (*NATS, "ece")]
    if not rows:
        return None
    caption = (
        f"Log p(user | text) of the true users of {rows[0].n:,} cold items, in nats; "
        "ECE is probability mass per item at a wrong level (0 to 2)."
    )
    return _table(rows, title="Probabilities", caption=caption)


def comparison_table(findings: Findings) -> Table | None:
    """Paired differences to the references; None if there are none."""
    if not findings.comparisons:
        return None
    columns = list(dict.fromkeys(_comparison_column(c) for c in findings.comparisons))
    lines = []
    for reference in dict.fromkeys(c.reference for c in findings.comparisons):
        found = {
            _comparison_column(c): Cell(
                _signed(c.difference), f"[{_signed(c.low)}, {_signed(c.high)}]", best=c.low > 0
            )
            for c in findings.comparisons
            if c.reference == reference
        }
        lines.append((f"against {reference}", [found.get(column, Cell("–")) for column in columns]))
    caption = "Mean difference over the same users or items with its paired 95 % interval; bold: above zero."
    return Table(f"{findings.model} minus each reference", caption, columns, lines)


def _comparison_column(one: Comparison) -> str:
    """Heading of one compared number."""
    name, _, k = one.metric.partition("@")
    where = one.setting if one.side == "user" else "audience"
    return f"{where} {METRIC_TITLES.get(name, name)}" + (f"@{k}" if k else "")


def _signed(value: float) -> str:
    """Three decimals with a sign; what rounds to zero has none."""
    shown = f"{value:+.3f}"
    return "0.000" if float(shown) == 0 else shown.replace("-", "−")


def _table(rows: list[Row], *, title: str, caption: str) -> Table:
    """Pivot rows: one line per model, one column per metric and list length."""
    keys = list(dict.fromkeys((row.metric, row.k) for row in rows))
    keys.sort(key=lambda key: list(METRIC_TITLES).index(key[0]))
    at = {(row.model, row.metric, row.k): row for row in rows}
    best = {key: _best_value([row for row in rows if (row.metric, row.k) == key]) for key in keys}
    lines = [
        (model, [_cell(at.get((model, *key)), best[key]) for key in keys])
        for model in dict.fromkeys(row.model for row in rows)
    ]
    columns = [METRIC_TITLES[metric] + (f"@{k}" if k is not None else "") for metric, k in keys]
    warning = next((row.warning for row in rows if row.warning), "")
    return Table(title, caption, columns, lines, warning)


def _best_value(rows: list[Row]) -> str | None:
    """The winning number as shown, or None where more is neither better nor worse."""
    if rows[0].metric in ("gini", "share_chosen"):
        return None
    values = [row.value for row in rows]
    return _shown(rows[0], min(values) if rows[0].metric == "ece" else max(values))


def _cell(row: Row | None, best: str | None) -> Cell:
    """One row as text."""
    if row is None:
        return Cell("–")
    shown = _shown(row, row.value)
    interval = ""
    if row.low is not None and row.high is not None:
        interval = f"{_shown(row, row.low)} – {_shown(row, row.high)}"
    return Cell(shown, interval, best=shown == best, warning=row.warning)


def _shown(row: Row, value: float) -> str:
    """Three decimals, two for nats; the minus sign is a minus sign."""
    decimals = 2 if row.metric in NATS else 3
    return f"{value:.{decimals}f}".replace("-", "−")
