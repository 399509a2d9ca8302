"""Sentences with the right numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.report_summary import headline_numbers, summary
from tests.evaluation.findings_by_hand import report


def test_summary_tells_both_sides():
    assert summary(report()) == (
        "On cold test items FilterLLM reaches NDCG@20 0.250 and Recall@20 0.375 over 4,846 users; "
        "the best of the others, ridge, has NDCG@20 0.240 and is beaten "
        "(paired difference +0.010, 95 % interval +0.004 to +0.016). "
        "Of 20 users named for a cold item, 3.0 did interact with it; "
        "76% of all users are named for at least one item."
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.001, 0.02, " and is beaten"), (-0.01, 0.02, ", too close to call"), (-0.02, -0.01, " and is ahead")],
)
def test_verdict_follows_the_paired_interval(low, high, verdict):
    (comparison,) = report().comparisons
    text = summary(report(comparisons=[replace(comparison, low=low, high=high)]))
    assert f"NDCG@20 0.240{verdict} (paired" in text


def test_summary_without_anything_says_so():
    assert summary(report(rows=[])) == "No held-out cold items were judged for FilterLLM."


def test_headline_numbers_warn_of_few_users():
    numbers = {number.label: number for number in headline_numbers(report())}
    assert numbers["cold NDCG@20"].value == "0.250"
    assert numbers["warm Recall@20"].note.endswith("only 150 users")
    assert numbers["true pairs@20"].value == "15.0%"
