"""Planted faults in a report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.judging import evaluation_input
from data.readers.synthetic import SyntheticWorld
from data.snapshot_build import build_snapshot
from data.split_choice import SplitChoice
from evaluation.distribution import evaluate_distribution
from evaluation.judgement import judge_scores
from evaluation.row import Row
from evaluation.scorer import DenseScorer
from expectations.evaluation_report import report_findings
from expectations.finding import Finding
from tests.data.contents import contents_of


def row(
    model: str, phase: str, *, evaluator: str | None = "B", metric: str = "recall", value: float = 0.2
) -> Row:
    side = "user" if evaluator else "audience"
    return Row(
        model=model,
        side=side,  # type: ignore[arg-type]
        setting="cold",
        phase=phase,
        evaluator=evaluator,
        metric=metric,
        k=20,
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        n=300,
        warning="",
    )


def complete() -> list[Row]:
    rows = [
        row(model, phase, evaluator=evaluator, metric=metric)
        for model in ("filterllm", "chance")
        for phase in ("validation", "test")
        for evaluator in ("A", "B")
        for metric in ("recall", "ndcg")
    ]
    audience = [
        row("filterllm", "both", evaluator=None, metric=metric) for metric in ("precision", "recall", "ndcg")
    ]
    return [*rows, *audience]


def failed(rows: list[Row]) -> dict[str, Finding]:
    return {found.name: found for found in report_findings(rows, model="filterllm") if not found.passed}


def test_a_complete_report_passes() -> None:
    assert failed(complete()) == {}


def test_a_missing_number_is_named() -> None:
    rows = complete()
    found = failed([one for one in rows if one != rows[3]])
    missing = found["every question is answered for the judged model"]
    assert missing.offenders == ["ndcg@20 of validation cold items under B"]
    found = failed(rows[:-1])
    assert found["every question is answered for the judged model"].offenders == ["audience ndcg@20"]


def test_a_reference_with_a_gap_is_a_warning() -> None:
    rows = complete()
    gap = failed([one for one in rows if one != rows[12]])["every reference is judged wherever the model is"]
    assert gap.offenders == ["chance: 1 numbers missing"]
    assert gap.severity == "warning"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"value": float("nan")}, "numbers are finite"),
        ({"low": float("-inf")}, "numbers are finite"),
        ({"value": 1.2, "high": 1.3}, "shares and calibration errors are possible"),
        ({"value": 0.5}, "intervals hold their mean"),
        ({"n": 0}, "every row counts somebody"),
        ({"phase": "test"}, "no row stands twice"),
    ],
)
def test_an_impossible_number_is_named(change: dict[str, float], name: str) -> None:
    rows = complete()
    rows[0] = replace(rows[0], **change)  # type: ignore[arg-type]
    assert str(failed(rows)[name].offenders[0]).startswith("filterllm user cold")


def test_a_calibration_error_reaches_two() -> None:
    error = replace(row("filterllm", "both", evaluator=None, metric="ece"), k=None, low=None, high=None)
    assert failed([*complete(), replace(error, value=1.99)]) == {}
    found = failed([*complete(), replace(error, value=2.01)])
    assert found["shares and calibration errors are possible"].offenders == [
        "filterllm audience cold both - ece"
    ]


def test_a_report_as_the_judges_make_it_passes() -> None:
    world = SyntheticWorld.create(60, 150, n_interactions=2500, seed=0)
    events = [(int(user), int(item), 0, 1.0) for user, item in world.pairs]
    contents = replace(contents_of(events, users=world.user_ids, items=world.item_ids), texts=world.titles)
    snapshot = build_snapshot(contents, SplitChoice(holdout=0.2, minimum=30), key="k", created_at="")
    data = evaluation_input(snapshot)
    oracle = DenseScorer(world.true_log_probabilities(list(snapshot.users.ids), list(snapshot.texts)))
    chance = DenseScorer(np.random.default_rng(0).random(oracle.table.shape, dtype=np.float32))
    judged = judge_scores(oracle, data, phases=("validation", "test"))
    rows = replace(judged, distribution=evaluate_distribution(oracle, data)).rows("oracle")
    rows += judge_scores(chance, data).rows("chance")
    findings = report_findings(rows, model="oracle")
    assert [found for found in findings if not found.passed] == []
