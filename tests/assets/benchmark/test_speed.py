"""Calls of the language model: one for each candidate and the text, or one in all; no clock is judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.benchmark.documents import markers
from assets.benchmark.speed import SpeedRequest, run_speed
from data.errors import InputError
from evaluation.speed import DISTRIBUTION, JUDGEMENT
from tests.fakes import tiny_encoder


@pytest.mark.slow
def test_calls_grow_with_the_candidates_or_stay_one(tmp_path: Path) -> None:
    language_model = tiny_encoder(tmp_path / "encoder")
    (tmp_path / "results.md").write_text(
        "before\n" + "\n".join(markers("speed")) + "\nafter\n", encoding="utf-8"
    )
    request = SpeedRequest(
        tmp_path / "out",
        items=2,
        users=60,
        language_model=language_model,
        candidates=(3, 30),
        warm_items=50,
        docs=tmp_path,
    )
    told: list[str] = []
    rows = run_speed(request, report=lambda done, total, note: told.append(note))
    assert [(row.method, row.candidates, row.calls_per_item) for row in rows] == [
        (JUDGEMENT, 3, 4.0),
        (DISTRIBUTION, 3, 1.0),
        (JUDGEMENT, 30, 31.0),
        (DISTRIBUTION, 30, 1.0),
    ]
    assert rows[1].tokens_per_item == rows[3].tokens_per_item
    assert rows[2].tokens_per_item > 5 * rows[0].tokens_per_item
    assert all(row.seconds_per_item > 0 for row in rows)
    written = json.loads((tmp_path / "out" / "speed.json").read_text(encoding="utf-8"))
    assert len(written["rows"]) == 4
    assert written["about"]["users"] == 60
    assert "times faster" in (tmp_path / "out" / "speed.md").read_text(encoding="utf-8")
    assert len(told) == 6
    assert json.loads((tmp_path / "results" / "speed.json").read_text(encoding="utf-8")) == written
    document = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert document.startswith("before\n")
    assert document.endswith("\nafter\n")
    assert "times faster" in document


def test_documents_without_a_place_are_refused_before_anything_is_timed(tmp_path: Path) -> None:
    (tmp_path / "results.md").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"results\.md"):
        run_speed(SpeedRequest(tmp_path / "out", docs=tmp_path))
    assert not (tmp_path / "out").exists()
