"""The short copy of a benchmark, and its tables in the results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assets.benchmark.data_choice import DataChoice
from assets.benchmark.documents import markers, name_of, require_place, write_documents
from assets.benchmark.run import run_benchmark
from data.errors import InputError
from data.split_choice import SplitChoice
from tests.assets.benchmark.worlds import Trainings, request
from tests.evaluation.benchmarks_by_hand import benchmark

BEGIN, END = markers("citeulike")


def documents(
    folder: Path, text: str = f"# Results\n\n{BEGIN}\nwhat was there before\n{END}\n\nby hand\n"
) -> Path:
    """A folder with ``results.md``."""
    folder.mkdir(exist_ok=True)
    (folder / "results.md").write_text(text, encoding="utf-8")
    return folder


def test_the_tables_stand_between_the_lines_and_nothing_else_is_touched(tmp_path: Path) -> None:
    docs = documents(tmp_path)
    for _ in range(2):  # the second time over the first
        write_documents(docs, "citeulike", benchmark())
        text = (docs / "results.md").read_text(encoding="utf-8")
        assert text.startswith(f"# Results\n\n{BEGIN}\n\na <small> world, split")
        assert text.endswith(f"\n\n{END}\n\nby hand\n")
        assert text.count("\n### ") == 4
        assert "what was there before" not in text
        assert "| default | 2 |" in text


def test_the_copy_has_users_recall_and_ndcg_at_20_and_the_audience(tmp_path: Path) -> None:
    made = benchmark()
    other = [replace(made.rows[0], metric="mrr"), replace(made.rows[0], k=50)]
    precise = replace(made.rows[1], value=1 / 3)
    write_documents(
        documents(tmp_path), "citeulike", replace(made, rows=[made.rows[0], precise, *made.rows[2:], *other])
    )
    lines = (tmp_path / "results" / "citeulike.json").read_text(encoding="utf-8")
    found = json.loads(lines)
    assert found["rows"] == [
        made.rows[0].to_dict(),
        precise.to_dict() | {"value": 0.333333},
        *(row.to_dict() | {"value": round(row.value, 6)} for row in made.rows[2:]),
    ]
    assert found["over_both_phases"] == [row.to_dict() for row in made.over_both_phases]
    assert found["about"] == made.about


@pytest.mark.parametrize(
    "text", ["", "# Results\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"]
)
def test_without_a_place_for_the_tables_nothing_is_run(tmp_path: Path, world: Path, text: str) -> None:
    docs = documents(tmp_path / "docs", text)
    with pytest.raises(InputError, match="must hold these two lines"):
        request(world, tmp_path, docs=docs)
    with pytest.raises(InputError, match="must hold these two lines"):
        require_place(tmp_path / "nowhere", "citeulike")


def test_names_tell_splits_apart(tmp_path: Path) -> None:
    def name(**split: object) -> str:
        return name_of(DataChoice("movietweetings", tmp_path, SplitChoice(**split)))  # type: ignore[arg-type]

    assert name() == "movietweetings"
    assert name(protocol="time") == "movietweetings-time"
    assert name(salt="3") == "movietweetings-3"
    assert name(salt="../3 b") == "movietweetings--3-b"


@pytest.mark.usefixtures("read_once")
def test_a_run_writes_them(tmp_path: Path, world: Path) -> None:
    docs = documents(tmp_path / "docs")
    run_benchmark(request(world, tmp_path, docs=docs), entries=[Trainings().entry("a")])
    rows = json.loads((docs / "results" / "citeulike.json").read_text(encoding="utf-8"))["rows"]
    assert {row["model"] for row in rows} == {"a"}
    assert "| a | 1 |" in (docs / "results.md").read_text(encoding="utf-8")
