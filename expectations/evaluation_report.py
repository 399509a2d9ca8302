"""What must hold of a report before a version is registered with it."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.evaluation_report import evaluation_report as asset
from assets.interaction_snapshot import snapshots
from data.snapshot import Snapshot
from expectations.check_result import check_result
from expectations.finding import Finding, count_finding

if TYPE_CHECKING:
    from evaluation.row import Row

SHARES = ("recall", "ndcg", "precision", "hit_rate", "mrr", "gini", "share_chosen", "true_pairs")
HIGHEST = {**dict.fromkeys(SHARES, 1.0), "ece": 2.0}  # misplaced mass counts where it is missing and too much
ROUNDING = 1e-9  # of float64 means and of the ends of their intervals


@dg.asset_check(
    asset=asset,
    blocking=True,
    additional_ins={"interaction_snapshot": dg.AssetIn()},
    partitions_def=snapshots,
)
def report_is_complete_and_finite(
    evaluation_report: Any, interaction_snapshot: Snapshot
) -> dg.AssetCheckResult:
    """Every setting is judged, every number is finite and possible, and it is about this snapshot."""
    about = Finding(
        "the report is about this snapshot",
        evaluation_report.snapshot_hash == interaction_snapshot.content_hash,
        evaluation_report.snapshot_hash[:16],
        interaction_snapshot.content_hash[:16],
    )
    return check_result([about, *report_findings(evaluation_report.rows, model=evaluation_report.model)])


def report_findings(rows: "Sequence[Row]", *, model: str) -> list[Finding]:
    """Doubt the rows of a report.

    Args:
        rows: All rows.
        model: The judged model.

    Returns:
        Completeness, uniqueness, finiteness and range.
    """
    from math import isfinite

    numbers = [(row, value) for row in rows for value in (row.value, row.low, row.high) if value is not None]
    not_finite = [label(row) for row, value in numbers if not isfinite(value)]
    outside = [
        label(row)
        for row in rows
        if row.metric in HIGHEST and not -ROUNDING <= row.value <= HIGHEST[row.metric] + ROUNDING
    ]
    crossed = [
        label(row)
        for row in rows
        if row.low is not None
        and row.high is not None
        and not row.low - ROUNDING <= row.value <= row.high + ROUNDING
    ]
    twice = [name for name, count in Counter(label(row) for row in rows).items() if count > 1]
    return [
        count_finding("every question is answered for the judged model", missing_rows(rows, model=model)),
        count_finding(
            "every reference is judged wherever the model is", gaps(rows, model=model), severity="warning"
        ),
        count_finding("numbers are finite", not_finite),
        count_finding("shares and calibration errors are possible", outside),
        count_finding("intervals hold their mean", crossed),
        count_finding("no row stands twice", twice),
        count_finding("every row counts somebody", [label(row) for row in rows if row.n < 1]),
    ]


def missing_rows(rows: "Sequence[Row]", *, model: str) -> list[str]:
    """Questions about cold items that the report must answer for the judged model, and does not."""
    wanted: dict[str, dict[str, Any]] = {
        f"{metric}@20 of {phase} cold items under {evaluator}": {
            "side": "user",
            "setting": "cold",
            "phase": phase,
            "evaluator": evaluator,
            "metric": metric,
            "k": 20,
        }
        for phase in ("validation", "test")
        for evaluator in ("A", "B")
        for metric in ("recall", "ndcg")
    }
    wanted |= {
        f"audience {metric}@20": {"side": "audience", "metric": metric, "k": 20}
        for metric in ("precision", "recall", "ndcg")
    }
    own = [row for row in rows if row.model == model]
    return [
        question
        for question, fields in wanted.items()
        if not any(all(getattr(row, name) == value for name, value in fields.items()) for row in own)
    ]


def gaps(rows: "Sequence[Row]", *, model: str) -> list[str]:
    """Where the judged model has a cold user-side test number and a reference has none."""
    asked = {question(row) for row in rows if row.model == model and is_cold_test(row)}
    answered: dict[str, set[tuple[Any, ...]]] = {}
    for row in rows:
        if is_cold_test(row):
            answered.setdefault(row.model, set()).add(question(row))
    return [f"{name}: {len(asked - has)} numbers missing" for name, has in answered.items() if asked - has]


def is_cold_test(row: "Row") -> bool:
    """A number that every model with scores for cold items can give."""
    return row.side == "user" and row.setting == "cold" and row.phase == "test"


def question(row: "Row") -> tuple[Any, ...]:
    """What a row answers, without who answers it."""
    return (row.side, row.setting, row.phase, row.evaluator, row.metric, row.k)


def label(row: "Row") -> str:
    """A row in words."""
    metric = row.metric if row.k is None else f"{row.metric}@{row.k}"
    return " ".join([row.model, row.side, row.setting, row.phase, row.evaluator or "-", metric])
