"""Findings written by hand, for tests of everything that shows them."""

from __future__ import annotations

from evaluation.comparison import Comparison
from evaluation.findings import EpochLoss, ReliabilityCurve
from evaluation.report import Report
from evaluation.row import Row, Side, few_warning

MODELS = {"FilterLLM": 0.25, "ridge": 0.24, "<b>chance</b>": 0.003}


def row(model: str, side: Side, metric: str, k: int | None, value: float, **changes: object) -> Row:
    """A row with plain values for what is not given."""
    content: dict[str, object] = {
        "model": model,
        "side": side,
        "setting": "cold",
        "phase": "test" if side == "user" else "both",
        "evaluator": "B" if side == "user" else None,
        "metric": metric,
        "k": k,
        "value": value,
        "low": value * 0.9,
        "high": value * 1.1,
        "n": 4846,
        "warning": "",
    } | changes
    return Row(**content)  # type: ignore[arg-type]


def report(**changes: object) -> Report:
    """Three models, both sides, one small setting, curves and losses."""
    rows = []
    for model, level in MODELS.items():
        for metric, factor in (("recall", 1.5), ("ndcg", 1.0), ("precision", 0.2)):
            for k in (10, 20, 50):
                rows.append(row(model, "user", metric, k, level * factor))
                rows.append(row(model, "user", metric, k, level * factor + 0.01, evaluator="A"))
        rows.append(
            row(model, "user", "recall", 20, 0.3, setting="warm", n=150, warning=few_warning(150, "users"))
        )
        rows.append(row(model, "audience", "true_pairs", 20, level * 0.6))
        rows.append(row(model, "audience", "recall", 20, level))
        rows.append(row(model, "audience", "gini", 20, 0.7, low=None, high=None))
        rows.append(row(model, "audience", "share_chosen", 20, 0.755, low=None, high=None))
    rows.append(row("FilterLLM", "audience", "nats_over_uniform", None, 2.5))
    rows.append(row("FilterLLM", "audience", "ece", None, 0.1, low=None, high=None))
    content: dict[str, object] = {
        "model": "FilterLLM",
        "snapshot_key": "000007-abcdef",
        "snapshot_hash": "sha256:abcdef0123",
        "created_at": "2024-05-06T07:08:09Z",
        "rows": rows,
        "comparisons": [
            Comparison("FilterLLM", "ridge", "user", "cold", "ndcg@20", 0.01, 0.004, 0.016, 4846)
        ],
        "reliability": {"FilterLLM": ReliabilityCurve([1e-4, 1e-3], [2e-4, 9e-4], [0.4, 0.6])},
        "losses": {"FilterLLM": [EpochLoss(1, 7.0, 0.2), EpochLoss(2, 6.5, 0.24)], "MF": [EpochLoss(1, 0.6)]},
        "notes": ["Titles are the only text."],
    }
    return Report(**(content | changes))  # type: ignore[arg-type]
