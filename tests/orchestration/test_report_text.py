"""Names in a report's tables are whole in the terminal."""

from __future__ import annotations

import pytest

from orchestration.report_text import ReportText
from orchestration.terminal import plain_console


def test_a_reports_names_are_whole_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cell = "0.109 (0.093 – 0.125)"
    head = "| | " + " | ".join(f"Recall@{k}" for k in (5, 10, 20, 50, 100, 200)) + " |\n" + "|---" * 7 + "|\n"
    plain_console().print(ReportText(f"# Report\n\n{head}| collaborative | {' | '.join([cell] * 6)} |\n"))
    told = capsys.readouterr().out
    assert "…" not in told
    assert "".join(line.split("  ")[0].strip() for line in told.splitlines()[3:]).endswith("collaborative")
