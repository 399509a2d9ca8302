"""Markdown that a terminal can show."""

from __future__ import annotations

from evaluation.report_markdown import markdown
from tests.evaluation.findings_by_hand import report


def test_tables_are_well_formed():
    lines = markdown(report()).splitlines()
    assert lines[0] == "# Evaluation of FilterLLM"
    rows = [line for line in lines if line.startswith("|")]
    headings = [place for place, line in enumerate(rows) if line.startswith("|---")]
    assert len(headings) == 6
    for place in headings:
        assert rows[place - 1].count("|") == rows[place].count("|") == rows[place + 1].count("|")


def test_content():
    text = markdown(report())
    assert "| **0.250** (0.225 – 0.275) |" in text
    assert "| against ridge | **+0.010** [+0.004, +0.016] |" in text
    assert "Snapshot `000007-abcdef` (`sha256:abcdef0123`), 2024-05-06T07:08:09Z." in text
    assert "**Warning:** only 150 users (fewer than 200): read with care." in text
    assert "0.300 (0.270 – 0.330) ⚠" in text.replace("**", "")
    assert text.endswith("- Titles are the only text.\n")
