"""A bar is whole at 80 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestration.terminal import Bars


@pytest.mark.parametrize(
    ("station", "total", "note"),
    [
        ("interactions of movietweetings", 100_836, ""),
        ("user vocabulary", 30, "loss 25.6941, validation 0.1879"),
        ("cold items of the published version", 1_000, "loss 25.6941, validation 0.1879"),
    ],
)
def test_a_bars_figures_are_whole_at_80_columns(station: str, total: int, note: str) -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, width=80)) as bars:
        bars.update(station, total, total, note)
    shown = screen.getvalue()
    assert f"{station} ━━" in shown
    assert f" {total}/{total} - 0:00:00 left 0:00:00 " in shown
    assert "…" not in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
