"""Figures among the documents: taken over for the same settings and data, and for no others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.benchmark.run import run_benchmark, unit_statuses
from data.errors import InputError
from data.snapshot import Snapshot
from tests.assets.benchmark.test_documents import documents
from tests.assets.benchmark.worlds import Trainings, features, keep_features, request

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return documents(tmp_path / "docs")


def table(out: Path) -> dict[str, Any]:
    """``benchmark.json`` without what says when it was written and how long a training took."""
    found: dict[str, Any] = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))
    del found["about"]["date"]
    for row in (*found["rows"], *found["over_both_phases"]):
        del row["train_seconds"]
    return found


def test_another_folder_goes_on_from_what_the_documents_hold(
    world: Path, tmp_path: Path, docs: Path, snapshot: Snapshot
) -> None:
    """The table of a machine that has not one list is the table of the one that ran them, to the last digit."""
    made = Trainings()
    entries = [made.entry("a"), made.entry("b")]
    first, second = tmp_path / "first", tmp_path / "second"
    keep_features(first, snapshot.content_hash)
    run_benchmark(request(world, first, seeds=2, docs=docs), entries=entries)
    assert sorted(path.name for path in (docs / "results" / "citeulike").iterdir()) == [
        f"{name}-seed{seed}.npz" for name in "ab" for seed in (42, 43)
    ]
    made.ran.clear()
    asked, lines = request(world, second, seeds=2, docs=docs), []
    assert {one.state for one in unit_statuses(asked, entries)} == {"kept"}
    outcome = run_benchmark(asked, entries=entries, say=lines.append)
    assert made.ran == []
    assert [line.split() for line in lines] == [["kept", unit.name] for unit in outcome.done]
    assert table(second) == table(first)
    assert table(second)["near_duplicates"]


def test_seeds_that_are_here_and_seeds_that_are_kept_stand_in_one_table(
    world: Path, tmp_path: Path, docs: Path, snapshot: Snapshot
) -> None:
    """Near-duplicates too, though this machine has read no text."""
    entries = [Trainings().entry("a")]
    first, second = tmp_path / "first", tmp_path / "second"
    keep_features(first, snapshot.content_hash)
    run_benchmark(request(world, first, seeds=2, docs=docs), entries=entries)
    (docs / "results" / "citeulike" / "a-seed42.npz").unlink()
    keep_features(second, snapshot.content_hash)
    run_benchmark(request(world, second, seeds=2, docs=docs), entries=entries)
    assert table(second) == table(first)
    for path in (second / "cache").iterdir():
        path.unlink()
    kept = {path.name: path.read_bytes() for path in (docs / "results" / "citeulike").iterdir()}
    asked = request(world, second, seeds=2, docs=docs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.benchmark.inputs.Inputs.features", lambda inputs: features())
        run_benchmark(asked, entries=entries)
    assert {path.name: path.read_bytes() for path in (docs / "results" / "citeulike").iterdir()} == kept


def test_without_the_documents_nothing_is_taken_over(world: Path, tmp_path: Path, docs: Path) -> None:
    made = Trainings()
    run_benchmark(request(world, tmp_path / "first", docs=docs), entries=[made.entry("a")])
    run_benchmark(request(world, tmp_path / "second"), entries=[made.entry("a")])
    assert made.ran == [("a", 42), ("a", 42)]


def test_figures_of_other_settings_are_run_again_and_written_over(
    world: Path, tmp_path: Path, docs: Path
) -> None:
    made = Trainings()
    run_benchmark(request(world, tmp_path / "first", docs=docs), entries=[made.entry("a")])
    path = docs / "results" / "citeulike" / "a-seed42.npz"
    before = path.read_bytes()
    changed = replace(made.entry("a"), settings=lambda seed: {"d": 64})
    asked = request(world, tmp_path / "second", docs=docs)
    assert [one.state for one in unit_statuses(asked, [changed])] == ["missing"]
    run_benchmark(asked, entries=[changed])
    assert made.ran == [("a", 42), ("a", 42)]
    assert path.read_bytes() != before


def test_what_is_here_goes_before_what_is_kept(world: Path, tmp_path: Path, docs: Path) -> None:
    made = Trainings()
    run_benchmark(request(world, tmp_path, docs=docs), entries=[made.entry("a")])
    assert [one.state for one in unit_statuses(request(world, tmp_path, docs=docs), [made.entry("a")])] == [
        "done"
    ]


def test_figures_of_other_data_are_refused(
    world: Path, tmp_path: Path, docs: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [Trainings().entry("a")]
    run_benchmark(request(world, tmp_path / "first", docs=docs), entries=entries)
    asked = request(world, tmp_path / "second", docs=docs)
    other = snapshot.with_manifest(content_hash="0" * 64)
    monkeypatch.setattr(type(asked.data), "snapshot", lambda self: other)
    with pytest.raises(InputError, match=r"a-seed42\.npz was run on data .* leave --docs out"):
        run_benchmark(asked, entries=entries)


def test_a_damaged_file_is_named_with_the_way_out(world: Path, tmp_path: Path, docs: Path) -> None:
    entries = [Trainings().entry("a")]
    run_benchmark(request(world, tmp_path / "first", docs=docs), entries=entries)
    path = docs / "results" / "citeulike" / "a-seed42.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"a-seed42\.npz .*delete the file to run a-seed42 again"):
        run_benchmark(request(world, tmp_path / "second", docs=docs), entries=entries)
