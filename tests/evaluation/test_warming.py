"""The curve's figures by hand, and how they rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.revealing import Revealing
from evaluation.scorer import FactorScorer
from evaluation.warming import Trial, Warming, WarmingFigure, figures_of, values_of

ABOUT = {
    "data_set": "by hand",
    "pool": 3,
    "items": 5,
    "test_pairs": 1234,
    "test_users": 7,
    "split_hash": "0" * 64,
    "date": "2024-01-01",
    "seed": 42,
    "commit": None,
    "methods": {"default": "all of it", "alone": "a part"},
}


def study() -> Warming:
    rng = np.random.default_rng(0)
    figures: list[WarmingFigure] = []
    for k in (0, 1, 3):
        first = {metric: rng.random(50) + k for metric in ("recall", "ndcg")}
        figures += figures_of("default", k, first, first=first)
        if k:
            figures += figures_of("alone", k, {name: v - 0.25 for name, v in first.items()}, first=first)
    trials = [
        Trial({"pseudo_halves_at": a, "warm_at": b}, 0.1 * a + (0.05 if b == 3 else 0))
        for a in (1.0, 2.0)
        for b in (1.0, 3.0)
    ]
    return Warming(ABOUT, trials, figures)


def test_figures_are_means_and_paired_differences() -> None:
    one, other = ({"recall": np.full(4, v), "ndcg": np.array([v, v, v, v + 1])} for v in (0.5, 0.25))
    recall, ndcg = figures_of("b", 3, other, first=one)
    assert (recall.value, recall.low, recall.high, recall.ahead, recall.n) == (0.25, 0.25, 0.25, 0.25, 4)
    assert (ndcg.method, ndcg.revealed, ndcg.value, ndcg.ahead) == ("b", 3, 0.5, 0.25)
    assert (ndcg.ahead_low, ndcg.ahead_high) == (0.25, 0.25)


def test_a_perfect_scorer_has_all_figures_at_one() -> None:
    pairs = np.argwhere(np.random.default_rng(1).random((40, 6)) < 0.5)
    drawn = Revealing.draw(pairs, size=3, seed=0)
    table = np.zeros((40, 6), dtype=np.float32)
    table[tuple(pairs.T)] = 1
    values = values_of(FactorScorer(table, np.eye(6, dtype=np.float32)), drawn.task(drawn.items, n_items=6))
    assert values["recall"].min() == values["ndcg"].min() == 1


def test_the_best_trial_on_validation_is_chosen_and_shown() -> None:
    found = study()
    assert found.chosen.settings == {"pseudo_halves_at": 2.0, "warm_at": 3.0}
    table = found.tables()[-1]
    assert table.columns == ["1", "3"]
    assert [name for name, _ in table.lines] == ["1", "2"]
    assert [cell.value for cell in table.lines[1][1] if cell.best] == ["0.2500"]


def test_it_rests_as_json_markdown_and_plot(tmp_path: Path) -> None:
    study().save(tmp_path)
    found = json.loads((tmp_path / "warming.json").read_text(encoding="utf-8"))
    assert set(found) == {"about", "chosen", "trials", "figures"}
    assert found["chosen"]["settings"]["warm_at"] == 3
    assert len(found["figures"]) == 2 * (3 + 2)
    text = (tmp_path / "warming.md").read_text(encoding="utf-8")
    assert "the same 1,234 test pairs of 7 users at every step" in text
    assert "| alone | – | **+0.250** [+0.250, +0.250] | **+0.250** [+0.250, +0.250] |" in text
    assert "- `alone`: a part" in text
    assert (tmp_path / "warming.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert not list(tmp_path.glob(".*"))


def test_the_first_method_is_not_compared_with_itself() -> None:
    ahead = study().tables()[2]
    assert ahead.title == "NDCG@20: `default` minus the others"
    assert [name for name, _ in ahead.lines] == ["alone"]
    with pytest.raises(ValueError, match="same users"):
        figures_of("b", 0, {"recall": np.ones(2)}, first={"recall": np.ones(3)})
