"""The table of speeds: both methods on a line, and their ratio."""

from __future__ import annotations

from evaluation.speed import DISTRIBUTION, JUDGEMENT, SpeedRow, speed_table


def test_a_line_for_each_number_of_candidates_with_the_ratio():
    rows = [
        SpeedRow(JUDGEMENT, 20, 4, 21.0, 1000.0, 0.5),
        SpeedRow(DISTRIBUTION, 20, 32, 1.0, 12.0, 0.01),
        SpeedRow(DISTRIBUTION, 100, 32, 1.0, 12.0, 0.01),
        SpeedRow(JUDGEMENT, 100, 4, 101.0, 5000.0, 2.5),
    ]
    table = speed_table(rows)
    assert [name for name, _ in table.lines] == ["20 candidates", "100 candidates"]
    assert [cell.value for cell in table.lines[0][1]] == ["21.0", "1.0", "1,000", "12", "500.0", "10.0", "50"]
    assert table.lines[1][1][-1].value == "250"
    assert len(table.columns) == 7
