"""Stages of a funnel by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import funnel
from evaluation.funnel import FunnelFigure, funnel_figures, funnel_table
from tests.evaluation.worlds import by_hand

USERS = np.array([[1, 3], [2, 0], [2, 1], [3, -1]])
"""Of items 4, 5 (validation: users 0 and 1; user 2) and 6, 7 (test: users 0 and 2; users 0 and 3)."""


def figures(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str, int], float]:
    monkeypatch.setattr(funnel, "FUNNEL_CUTOFFS", (1, 2, 3))
    found = funnel_figures(USERS, by_hand(), model="m", seed=42, stage="wide")
    return {(one.phase, one.metric, one.k): one.value for one in found}


def test_recall_and_true_pairs_by_hand(monkeypatch):
    found = figures(monkeypatch)
    assert found["validation", "recall", 1] == pytest.approx((1 / 2 + 1) / 2)
    assert found["validation", "true_pairs", 2] == pytest.approx(2 / 4)
    assert found["test", "recall", 2] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert found["test", "true_pairs", 1] == pytest.approx(2 / 2)
    assert all(k <= 2 for _, _, k in found)  # the lists reach no further


def test_lists_of_other_items_are_refused():
    with pytest.raises(ValueError, match="users must hold 4 lists"):
        funnel_figures(USERS[:3], by_hand(), model="m", seed=42, stage="wide")


def test_the_table_has_a_line_for_each_stage_and_dashes_where_a_stage_ends():
    made = [
        FunnelFigure("m", 42, "filter", "test", "recall", 20, 0.25),
        FunnelFigure("m", 42, "filter", "test", "recall", 500, 0.5),
        FunnelFigure("m", 42, "refined", "test", "true_pairs", 20, 0.125),
        FunnelFigure("m", 42, "refined", "validation", "true_pairs", 20, 0.9),
    ]
    table = funnel_table(made)
    assert table is not None
    assert [name for name, _ in table.lines] == ["m: filter", "m: refined"]
    assert [cell.value for cell in table.lines[0][1]] == ["0.250", "–", "0.500", "–", "–", "–"]
    assert [cell.value for cell in table.lines[1][1]][3] == "0.125"
    assert funnel_table([]) is None
