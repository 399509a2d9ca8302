"""Findings and what the UI shows of them."""

from __future__ import annotations

import dagster as dg
import pytest

from expectations.check_result import check_result
from expectations.finding import Finding, count_finding


def test_no_offender_passes_and_ten_are_kept() -> None:
    assert count_finding("all is well", []).passed
    found = count_finding("keys are unique", [f"k{at}" for at in range(25)])
    assert (found.passed, found.observed) == (False, 25)
    assert found.offenders == [f"k{at}" for at in range(10)]
    assert count_finding("x", ["a"], count=1000).observed == 1000


def test_a_check_tells_count_threshold_and_offenders() -> None:
    result = check_result([count_finding("a holds", []), count_finding("b holds", ["x", {"row": 3}])])
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert result.description == "b holds: 2"
    assert result.metadata["expectations"].value == 2
    assert result.metadata["failed"].value == 1
    rows = [record.data for record in result.metadata["findings"].records]  # type: ignore[union-attr]
    assert [row["threshold"] for row in rows] == ["0 allowed", "0 allowed"]
    offenders = [record.data for record in result.metadata["first offenders"].records]  # type: ignore[union-attr]
    assert offenders == [
        {"expectation": "b holds", "offender": "x"},
        {"expectation": "b holds", "offender": '{"row": 3}'},
    ]


def test_failed_warnings_alone_do_not_block() -> None:
    warned = check_result([Finding("c", False, 1.5, 1.0, [], "warning"), count_finding("a", [])])
    assert not warned.passed
    assert warned.severity == dg.AssetCheckSeverity.WARN
    both = check_result([Finding("c", False, 1.5, 1.0, [], "warning"), count_finding("a", ["x"])])
    assert both.severity == dg.AssetCheckSeverity.ERROR


def test_a_check_that_looked_at_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one finding, got none"):
        check_result([])
