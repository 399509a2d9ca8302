"""Several splits in one table, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.benchmark_summary import SplitResult, summarise
from evaluation.user_side import UserSide
from evaluation.user_values import UserValues

SETTINGS = {"product": "default", "closed_forms": ("ridge", "knn", "absent")}


def row(
    model: str, value: float, *, seed: int = 42, phase: str = "test", evaluator: str = "B"
) -> dict[str, Any]:
    place = {"side": "user", "setting": "cold", "metric": "ndcg", "k": 20}
    return {"model": model, "seed": seed, "phase": phase, "evaluator": evaluator, "value": value, **place}


def result(
    split: str,
    users: dict[str, list[float]],
    values: dict[str, float],
    *,
    ids: list[str],
    name: str = "films",
) -> SplitResult:
    """A split whose validation figures are the test figures, knn apart, which is better there."""
    rows = [
        *(row(model, value) for model, value in values.items()),
        *(row(model, value + (model == "knn")) for model, value in values.items()),
        *(row(model, value + (model == "knn"), phase="validation") for model, value in values.items()),
        *(row(model, 9.0, evaluator="A") for model in values),
    ]
    tables = {metric: np.array(list(users.values()), dtype=np.float32) for metric in ("recall", "ndcg")}
    about = {"data_set": name, "split_hash": split, "protocol": "live"}
    return SplitResult(about, rows, UserValues(np.array(ids), list(users), tables))


def two_splits() -> list[SplitResult]:
    return [
        result(
            "one",
            {"default": [0.5, 0.4], "ridge": [0.25, 0.4], "knn": [0.5, 0.2]},
            {"default": 0.5, "ridge": 0.25, "knn": 0.3},
            ids=["ann", "bob"],
        ),
        result(
            "two",
            {"default": [0.3, 0.9], "ridge": [0.2, 0.8], "knn": [0.1, 0.7]},
            {"default": 0.7, "ridge": 0.35, "knn": 0.1},
            ids=["bob", "cyd"],
        ),
    ]


def test_means_and_deviations_are_over_splits() -> None:
    found = summarise(two_splits(), **SETTINGS)  # type: ignore[arg-type]
    spread = found.spreads["default", "cold", "ndcg"]
    assert (spread.mean, spread.n) == (pytest.approx(0.6), 2)
    assert spread.deviation == pytest.approx(np.std([0.5, 0.7], ddof=1))


def test_differences_are_pooled_by_user_over_the_splits_he_is_in() -> None:
    found = summarise(two_splits(), **SETTINGS)  # type: ignore[arg-type]
    ridge = next(one for one in found.differences if (one.reference, one.metric) == ("ridge", "ndcg@20"))
    ann, bob, cyd = 0.25, (0.0 + 0.1) / 2, 0.1
    assert ridge.n == 3
    assert ridge.difference == pytest.approx(np.mean([ann, bob, cyd]), abs=1e-6)
    assert ridge.relative == pytest.approx(ridge.difference / np.mean([0.25, 0.3, 0.8]), abs=1e-5)
    assert {one.reference for one in found.differences} == {"ridge", "knn"}


def test_the_best_closed_form_is_chosen_on_validation() -> None:
    assert summarise(two_splits(), **SETTINGS).best_closed_form == "knn"  # type: ignore[arg-type]
    alone = summarise(two_splits(), product="default", closed_forms=())
    assert alone.best_closed_form is None
    assert len(alone.tables()) == 1


def test_what_does_not_belong_together_is_refused() -> None:
    one, two = two_splits()
    with pytest.raises(ValueError, match="split one is there twice"):
        summarise([one, two, one], **SETTINGS)  # type: ignore[arg-type]
    other = result("three", {"default": [1.0]}, {"default": 1.0}, ids=["ann"], name="papers")
    with pytest.raises(ValueError, match="one data set, got films, papers"):
        summarise([one, other], **SETTINGS)  # type: ignore[arg-type]
    one.about["settings"], two.about["settings"] = (
        {"ridge-seed42": "a", "mf-seed42": "c"},
        {"ridge-seed42": "b"},
    )
    with pytest.raises(
        ValueError, match="ridge-seed42 was run with other settings on split two than on split one"
    ):
        summarise([one, two], **SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one split"):
        summarise([], **SETTINGS)  # type: ignore[arg-type]


def test_it_rests_as_json_and_markdown(tmp_path: Path) -> None:
    summarise(two_splits(), **SETTINGS).save(tmp_path)  # type: ignore[arg-type]
    found = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert [one["split_hash"] for one in found["splits"]] == ["one", "two"]
    assert found["best_closed_form"] == "knn"
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| default | 2 | – | 0.600 (± 0.141) |" in text
    assert "knn (best on validation)" in text
    assert "mean over 3 users" in text


def test_user_values_rest_as_they_were(tmp_path: Path) -> None:
    users = np.array([2, 0])
    values = {(metric, 20): np.array([0.5, 1.0]) for metric in ("recall", "ndcg")}
    side = UserSide("cold", "test", "B", users, values)
    kept = UserValues.of_sides({"a": side, "b": side}, np.array(["x", "y", "z"], dtype=object))
    kept.save(tmp_path)
    loaded = UserValues.load(tmp_path)
    assert loaded.user_ids.tolist() == ["z", "x"]
    assert loaded.of("b", "ndcg").tolist() == [0.5, 1.0]
    with pytest.raises(KeyError, match="no model 'c' among"):
        loaded.of("c", "ndcg")
    assert [path.name for path in tmp_path.iterdir()] == ["cold_test_users.npz"]
