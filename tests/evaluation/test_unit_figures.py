"""Figures of a training at rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.benchmark_row import BenchmarkRow
from evaluation.funnel import FunnelFigure
from evaluation.near_duplicates import DuplicateFigure
from evaluation.unit_figures import PAIRED, UnitFigures
from evaluation.user_side import UserSide

USERS = np.array([2, 5, 9])


def side(*values: float) -> UserSide:
    """Recall as given, NDCG a fourth of it."""
    recall = np.array(values)
    return UserSide(*PAIRED, USERS, {("recall", 20): recall, ("ndcg", 20): recall / 4})


def figures() -> UnitFigures:
    """Of a training that gives two models."""
    rows = [
        BenchmarkRow(model, 42, "test", "cold", "user", "B", "recall", 20, 1 / 3, 2.5, "float32")
        for model in ("a", "b")
    ]
    return UnitFigures(
        head={"unit": "a-seed42", "data": "abc", "seconds": 1.5, "note": "größer"},
        rows=rows,
        sides={"a": side(0.5, 0.25, 1.0), "b": side(0.0, 0.125, 0.75)},
        funnel=[FunnelFigure("a", 42, "filter", "test", "recall", 20, 0.5)],
        duplicates=[DuplicateFigure("a", 42, None, "recall", 0.5, 3, 7)],
    )


def test_saving_and_loading_changes_nothing(tmp_path: Path) -> None:
    made = figures()
    made.save(tmp_path / "a.npz")
    found = UnitFigures.load(tmp_path / "a.npz")
    assert (found.head, found.rows, found.funnel, found.duplicates) == (
        made.head,
        made.rows,
        made.funnel,
        made.duplicates,
    )
    assert list(found.sides) == ["a", "b"]
    for model, its in made.sides.items():
        read = found.sides[model]
        assert (read.setting, read.phase, read.evaluator) == PAIRED
        assert read.users.tolist() == USERS.tolist()
        assert {key: value.tolist() for key, value in read.values.items()} == {
            key: value.tolist() for key, value in its.values.items()
        }
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_the_same_figures_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        figures().save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_training_without_cold_truth_has_no_sides(tmp_path: Path) -> None:
    UnitFigures({}, [], {}).save(tmp_path / "a.npz")
    assert UnitFigures.load(tmp_path / "a.npz") == UnitFigures({}, [], {}, [], [])


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz does not hold the figures of a training"):
        UnitFigures.load(path)
