"""What it costs to find a new item's users: one judgement for each candidate, or one distribution over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.report_tables import Cell, Table

JUDGEMENT, DISTRIBUTION = "text-to-judgment", "text-to-distribution"
METHODS = (JUDGEMENT, DISTRIBUTION)


@dataclass(frozen=True)
class SpeedRow:
    """One method with one number of candidates.

    Attributes:
        method: "text-to-judgment" (filter, then a cross-encoder on each candidate) or "text-to-distribution".
        candidates: Users per item that are judged, or asked of the distribution.
        items: New items that were timed, as one batch.
        calls_per_item: Texts that the language model read, per item.
        tokens_per_item: Their tokens, padding included, per item.
        seconds_per_item: Wall time from text to ordered users, per item.
    """

    method: str
    candidates: int
    items: int
    calls_per_item: float
    tokens_per_item: float
    seconds_per_item: float


def times_faster(rows: Sequence[SpeedRow]) -> dict[int, float]:
    """By number of candidates: how many times less time a distribution takes than the judgments.

    Args:
        rows: Of one run: both methods at each number of candidates.
    """
    at = {(row.method, row.candidates): row.seconds_per_item for row in rows}
    numbers = dict.fromkeys(row.candidates for row in rows)
    return {number: at[JUDGEMENT, number] / at[DISTRIBUTION, number] for number in numbers}


def speed_table(rows: Sequence[SpeedRow]) -> Table:
    """Candidates against calls, tokens and time of both methods, and how many times faster the second is.

    Args:
        rows: Of one run: both methods at each number of candidates.
    """
    at = {(row.method, row.candidates): row for row in rows}
    lines = []
    for candidates, times in times_faster(rows).items():
        judged, given = at[JUDGEMENT, candidates], at[DISTRIBUTION, candidates]
        both = (judged, given)
        cells = [f"{one.calls_per_item:,.1f}" for one in both]
        cells += [f"{one.tokens_per_item:,.0f}" for one in both]
        cells += [f"{1000 * one.seconds_per_item:,.1f}" for one in both]
        cells.append(f"{times:,.0f}")
        lines.append((f"{candidates} candidates", [Cell(cell) for cell in cells]))
    columns = [f"{name}, {method}" for name in ("calls", "tokens", "ms") for method in METHODS]
    caption = (
        "Per new item, from its text to its ordered users: texts and tokens that the language model reads, wall "
        "milliseconds, and how many times less time a distribution takes. Both batched, the same language model, "
        "machine and run; weights untrained, which changes no cost."
    )
    return Table("One judgment a candidate, or one distribution", caption, [*columns, "times faster"], lines)
