"""The report as Markdown."""

from __future__ import annotations

from evaluation.audience import AUDIENCE_CUTOFFS
from evaluation.findings import Findings
from evaluation.report_summary import summary
from evaluation.report_tables import (
    Cell,
    Table,
    audience_table,
    comparison_table,
    distribution_table,
    user_table,
)


def markdown(findings: Findings) -> str:
    """All tables, the summary first.

    Args:
        findings: The report's content.

    Returns:
        Markdown text that ends with a newline.
    """
    header = (
        f"# Evaluation of {findings.model}\n\n{summary(findings)}\n\n"
        f"Snapshot `{findings.snapshot_key}` (`{findings.snapshot_hash}`), {findings.created_at}."
    )
    users = [
        user_table(findings, setting=setting, evaluator=evaluator)
        for evaluator in ("B", "A")
        for setting in ("cold", "warm", "overall")
    ]
    audiences = [audience_table(findings, k=k) for k in AUDIENCE_CUTOFFS]
    tables = [*users, *audiences, distribution_table(findings), comparison_table(findings)]
    notes = "\n".join(f"- {note}" for note in findings.notes)
    parts = [header, *(as_markdown(table) for table in tables if table is not None), notes]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_markdown(table: Table, *, level: int = 2) -> str:
    """One table with a heading of some level and its caption, without a newline at its end."""
    lines = [
        f"| | {' | '.join(table.columns)} |",
        f"|---|{'---|' * len(table.columns)}",
        *(f"| {model} | {' | '.join(_as_text(cell) for cell in cells)} |" for model, cells in table.lines),
    ]
    warning = f"\n\n**Warning:** {table.warning}." if table.warning else ""
    return f"{'#' * level} {table.title}\n\n{table.caption}{warning}\n\n" + "\n".join(lines)


def _as_text(cell: Cell) -> str:
    """The number, bold if best, its interval, a sign if there is a warning."""
    value = f"**{cell.value}**" if cell.best else cell.value
    bare = not cell.interval or cell.interval.startswith("[")
    interval = f" {cell.interval}" if bare else f" ({cell.interval})"
    return f"{value}{interval}".rstrip() + (" ⚠" if cell.warning else "")
