"""A report rests and returns unchanged."""

from __future__ import annotations

import json

import pytest

from evaluation.report import Report
from tests.evaluation.findings_by_hand import report, row


def test_save_and_load_change_nothing(tmp_path):
    before = report()
    before.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]
    assert Report.load(tmp_path) == before


def test_the_same_findings_give_the_same_bytes():
    assert report().to_json() == report().to_json()
    assert report().to_markdown() == report().to_markdown()


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        report(rows=[row("FilterLLM", "user", "ndcg", 20, float("nan"))]).save(tmp_path)


def test_json_of_something_else_is_refused():
    with pytest.raises(ValueError, match=r"not a report: .*another version"):
        Report.from_json(json.dumps({"rows": []}))


def test_a_missing_report_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"report\.json"):
        Report.load(tmp_path)
