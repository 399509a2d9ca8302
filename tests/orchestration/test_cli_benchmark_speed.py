"""The command hands on what it was given and says where the figures are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from evaluation.speed import DISTRIBUTION, JUDGEMENT, SpeedRow
from orchestration.cli import main


def test_the_figures_are_printed_and_where_they_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []

    def timed(request: Any, *, report: Any) -> list[SpeedRow]:
        asked.append(request)
        report(0, 2, "loading")
        return [
            SpeedRow(JUDGEMENT, 20, 3, 21.0, 1000.0, 1.5),
            SpeedRow(DISTRIBUTION, 20, 24, 1.0, 12.0, 0.02),
        ]

    monkeypatch.setattr("assets.benchmark.speed.run_speed", timed)
    words = ["benchmark", "speed", "--out", str(tmp_path), "--items", "3", "--users", "700"]
    words += ["--docs", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert (asked[0].out, asked[0].items, asked[0].users) == (tmp_path, 3, 700)
    assert asked[0].docs == tmp_path
    assert "21.0 calls     1,500.0 ms an item" in result.output
    assert "speed.json" in result.output


def test_fewer_users_than_candidates_are_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["benchmark", "speed", "--out", str(tmp_path), "--users", "100"])
    assert result.exit_code == 2
    assert "100 is not in the range x>=500" in result.output
