"""Tables as text cells."""

from __future__ import annotations

from evaluation.report_tables import (
    MAIN_METRICS,
    OTHER_METRICS,
    audience_table,
    comparison_table,
    distribution_table,
    user_table,
)
from tests.evaluation.findings_by_hand import report


def test_user_table():
    table = user_table(report(), setting="cold", evaluator="B", metrics=MAIN_METRICS)
    assert table is not None
    assert table.columns == ["Recall@10", "Recall@20", "Recall@50", "NDCG@10", "NDCG@20", "NDCG@50"]
    name, cells = table.lines[0]
    assert name == "FilterLLM"
    assert (cells[4].value, cells[4].interval, cells[4].best) == ("0.250", "0.225 – 0.275", True)
    assert not table.lines[1][1][4].best
    assert "4,846 users" in table.caption
    assert table.warning == ""


def test_other_metrics_have_a_table_of_their_own():
    table = user_table(report(), setting="cold", evaluator="A", metrics=OTHER_METRICS)
    assert table is not None
    assert table.columns == ["Precision@10", "Precision@20", "Precision@50"]


def test_few_users_warn_beside_the_number_and_above_the_table():
    table = user_table(report(), setting="warm", evaluator="B")
    assert table is not None
    assert table.warning == "only 150 users (fewer than 200): read with care"
    assert table.lines[0][1][0].warning == table.warning


def test_absent_rows_give_no_table():
    assert user_table(report(), setting="overall", evaluator="B") is None
    assert audience_table(report(), k=100) is None
    assert distribution_table(report(rows=[])) is None
    assert comparison_table(report(comparisons=[])) is None


def test_audience_table_has_no_winner_in_concentration():
    table = audience_table(report(), k=20)
    assert table is not None
    assert table.columns == ["True pairs@20", "Recall@20", "Gini@20", "Ever chosen@20"]
    assert [cell.best for cell in table.lines[0][1]] == [True, True, False, False]
    assert table.lines[0][1][2].interval == ""


def test_distribution_table_counts_in_nats():
    table = distribution_table(report())
    assert table is not None
    assert [(model, [cell.value for cell in cells]) for model, cells in table.lines] == [
        ("FilterLLM", ["2.50", "0.100"])
    ]


def test_comparison_table_shows_signs():
    table = comparison_table(report())
    assert table is not None
    assert table.columns == ["cold NDCG@20"]
    name, (cell,) = table.lines[0]
    assert (name, cell.value, cell.interval, cell.best) == (
        "against ridge",
        "+0.010",
        "[+0.004, +0.016]",
        True,
    )
