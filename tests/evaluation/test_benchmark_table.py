"""Means over seeds with their deviation, in the order of quality."""

from __future__ import annotations

import pytest

from evaluation.benchmark_table import Spread, audience_table, comparison_table, ordered_models, user_table
from tests.evaluation.benchmarks_by_hand import audience, benchmark, rows


def test_a_spread_is_mean_and_deviation_over_n_minus_one():
    spread = Spread.of([1.0, 3.0])
    assert (spread.mean, spread.deviation, spread.n) == (2.0, pytest.approx(2**0.5), 2)
    assert Spread.of([1.0]).deviation is None


def test_the_best_cold_model_comes_first():
    assert ordered_models(rows()) == ["default", "ridge", "chance"]


def test_the_user_table_states_seeds_figures_and_seconds():
    table = user_table(rows(), evaluator="B")
    assert table.columns[:3] == ["seeds", "cold Recall@20", "cold NDCG@20"]
    assert table.columns[-1] == "seconds"
    lines = dict(table.lines)
    assert [lines[model][0].value for model in ("default", "ridge", "chance")] == ["2", "2", "1"]
    cold = lines["default"][2]
    assert (cold.value, cold.interval, cold.best) == ("0.320", "± 0.028", True)
    assert lines["ridge"][2].interval == "± 0.000"
    assert lines["chance"][2].interval == ""
    assert [lines[model][-1].value for model in ("default", "chance")] == ["15", "10"]
    other = dict(user_table(rows(), evaluator="A").lines)
    assert other["default"][2].value == "0.330"
    assert user_table(rows(), evaluator="B", phase="validation") is None
    assert user_table(rows(), evaluator="B", k=50) is None


def test_the_audience_table_has_no_best_gini():
    table = audience_table([*rows(), *audience()], k=20)
    lines = dict(table.lines)
    assert list(lines) == ["default", "ridge", "chance"]
    pairs, gini = (table.columns.index(name) for name in ("True pairs@20", "Gini@20"))
    assert (lines["default"][pairs].value, lines["default"][pairs].best) == ("0.160", True)
    assert not any(cells[gini].best for cells in lines.values())
    assert audience_table(rows(), k=20) is None


def test_the_differences_are_signed_and_bold_above_zero():
    made = benchmark()
    table = comparison_table(made.comparisons, made.models)
    assert table.columns == ["minus default, NDCG@20", "minus ridge, NDCG@20"]
    lines = dict(table.lines)
    assert list(lines) == ["default", "ridge"]
    assert (lines["default"][1].value, lines["default"][1].interval) == ("+0.120", "[+0.110, +0.130]")
    assert lines["default"][1].best
    assert (lines["ridge"][0].value, lines["ridge"][0].best) == ("−0.120", False)
    assert lines["ridge"][1].value == "–"
    assert comparison_table([], made.models) is None
