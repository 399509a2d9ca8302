"""The command of the curve: which data and seed it is given, what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from evaluation.warming import Trial, Warming
from orchestration.cli import main


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the study was called with; nothing is trained."""
    found: list[Any] = []

    def study(data: Any, out: Path, **given: Any) -> Warming:
        found.append((data, out, given))
        return Warming({}, [Trial({"pseudo_halves_at": 2.0, "warm_at": 3.0}, 0.25)], [])

    monkeypatch.setattr("assets.benchmark.warming.warming_study", study)
    return found


def test_citeulike_is_read_from_its_split(tmp_path: Path, asked: list[Any]) -> None:
    split = tmp_path / "data" / "split"
    split.mkdir(parents=True)
    words = [
        "benchmark",
        "warming",
        "citeulike",
        "--split",
        str(split),
        "--out",
        str(tmp_path),
        "--seed",
        "7",
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "chosen  pseudo_halves_at 2, warm_at 3 (validation NDCG@20 0.2500)" in result.output
    (data, out, given), *_ = asked
    assert (data.name, data.directory, data.split.directory) == ("citeulike", split.parent, str(split))
    assert (out, given["seed"], given["language_model"]) == (tmp_path, 7, "embedded")


def test_movietweetings_is_split_by_hash_or_by_time(tmp_path: Path, asked: list[Any]) -> None:
    base = ["benchmark", "warming", "movietweetings", "--from", str(tmp_path), "--out", str(tmp_path)]
    for more in (["--salt", "1"], ["--time-split"]):
        assert CliRunner().invoke(main, [*base, *more]).exit_code == 0
    hashed, timed = (data.split for data, *_ in asked)
    assert (hashed.protocol, hashed.salt, hashed.holdout) == ("live", "1", 0.2)
    assert timed.protocol == "time"


def test_the_manual_says_what_is_compared() -> None:
    told = CliRunner().invoke(main, ["benchmark", "warming", "--help"]).output
    assert "none of which is ever revealed" in " ".join(told.split())
    assert {"citeulike", "movietweetings"} <= set(told.split())
