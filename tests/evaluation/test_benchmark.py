"""One benchmark in three forms."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from evaluation.benchmark import TRAINED_ON_PAPERS, Benchmark
from evaluation.near_duplicates import DuplicateFigure
from tests.evaluation.benchmarks_by_hand import ABOUT, benchmark
from tests.evaluation.test_report_page import Reader


def test_json_holds_every_row_one_a_line():
    made = benchmark()
    text = made.to_json()
    found = json.loads(text)
    assert found["about"] == ABOUT
    assert found["rows"] == [row.to_dict() for row in made.rows]
    assert found["over_both_phases"] == [row.to_dict() for row in made.over_both_phases]
    assert found["comparisons"] == [asdict(one) for one in made.comparisons]
    assert sum('"model": "default"' in line for line in text.splitlines()) == 2 * 12 + 2 * 2 + 1


def test_markdown_has_every_table():
    text = benchmark().to_markdown()
    assert text.count("\n## ") == 4  # two evaluators, one audience, the differences
    assert "| default | 2 | **0.480** ± 0.042 |" in text.replace("(± 0.042)", "± 0.042")
    assert text.endswith("\n")


def test_the_page_is_well_formed_and_self_contained(tmp_path):
    benchmark().save(tmp_path)
    html = (tmp_path / "benchmark.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert len(reader.addresses) == 3
    assert all(address.startswith("data:image/svg+xml;base64,") for address in reader.addresses)
    assert "a &lt;small&gt; world" in html
    assert "a <small> world" not in html
    assert html.count('class="judged"') == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "benchmark.html",
        "benchmark.json",
        "benchmark.md",
    ]


def test_nothing_finished_yet_is_a_page_too(tmp_path):
    Benchmark(ABOUT, [], [], []).save(tmp_path)
    assert "No unit is finished yet" in (tmp_path / "benchmark.html").read_text(encoding="utf-8")


def test_one_model_alone_is_drawn(tmp_path):
    made = benchmark()
    alone = [row for row in made.rows if row.model == "chance"]
    Benchmark(ABOUT, alone, [], []).save(tmp_path)
    assert "chance" in (tmp_path / "benchmark.html").read_text(encoding="utf-8")


def test_papers_are_said_to_flatter_beside_every_table_of_citeulike() -> None:
    made = benchmark()
    papers = replace(made, about={**ABOUT, "data_set": "citeulike"})
    assert all(TRAINED_ON_PAPERS in table.caption for table in papers.tables())
    assert not any(TRAINED_ON_PAPERS in table.caption for table in made.tables())
    other = replace(papers, about={**papers.about, "language_model": "a decoder"})
    assert other.caution == ""


def test_near_duplicates_are_rows_and_a_table() -> None:
    figures = [DuplicateFigure("ridge", 42, None, "ndcg", 0.2, 9, 5)]
    made = replace(benchmark(), near_duplicates=figures)
    assert json.loads(made.to_json())["near_duplicates"] == [asdict(figures[0])]
    assert "## Without near-duplicates of warm items" in made.to_markdown()
