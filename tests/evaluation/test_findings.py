"""Questions to the findings."""

from __future__ import annotations

import pytest

from tests.evaluation.findings_by_hand import report


def test_select_and_find():
    findings = report()
    assert findings.models == ["FilterLLM", "ridge", "<b>chance</b>"]
    assert len(findings.select(metric="ndcg", k=20, evaluator="B")) == 3
    found = findings.find(model="ridge", metric="ndcg", k=20, evaluator="B")
    assert found is not None
    assert found.value == 0.24
    assert findings.find(model="nobody") is None


def test_find_refuses_to_choose():
    with pytest.raises(ValueError, match="matches 2 rows, expected one"):
        report().find(model="ridge", metric="ndcg", k=20)


def test_select_refuses_unknown_fields():
    with pytest.raises(AttributeError, match="metrik"):
        report().select(metrik="ndcg")


def test_metrics_have_flat_names_that_are_unique():
    findings = report()
    metrics = findings.metrics()
    assert metrics["test.cold.B.ndcg_at_20"] == 0.25
    assert metrics["both.audience.gini_at_20"] == 0.7
    assert metrics["both.audience.nats_over_uniform"] == 2.5
    assert len(metrics) == len(findings.select(model="FilterLLM"))
