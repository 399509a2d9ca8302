"""From the command's request to the table: resumed, repaired, failures kept apart."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.benchmark.entry import Scored, entry
from assets.benchmark.inputs import Inputs
from assets.benchmark.registry import ENTRIES
from assets.benchmark.run import BenchmarkRequest, run_benchmark, unit_statuses
from assets.benchmark.table import rows_of
from assets.benchmark.units import Unit
from data.errors import InputError
from data.snapshot import Snapshot
from evaluation.benchmark_row import Trained, benchmark_rows
from evaluation.evaluation_input import EvaluationInput
from evaluation.judgement import judge_scores
from evaluation.speed import DISTRIBUTION, JUDGEMENT, SpeedRow
from models.training import EpochReport
from tests.assets.benchmark.test_documents import documents
from tests.assets.benchmark.worlds import ITEMS, USERS, WARM, Guesses, Trainings, keep_features, request

pytestmark = pytest.mark.usefixtures("read_once")

KEYS = [
    "model",
    "seed",
    "phase",
    "setting",
    "side",
    "evaluator",
    "metric",
    "k",
    "value",
    "train_seconds",
    "dtype",
]


def table(out: Path) -> dict[str, Any]:
    """``benchmark.json``."""
    found: dict[str, Any] = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))
    return found


def test_rows_have_exactly_their_keys_and_every_place(world: Path, tmp_path: Path) -> None:
    made = Trainings()
    outcome = run_benchmark(request(world, tmp_path, seeds=2), entries=[made.entry("a")])
    assert [unit.name for unit in outcome.done] == ["a-seed42", "a-seed43"]
    rows = table(tmp_path)["rows"]
    assert all(list(row) == KEYS for row in rows)
    assert {row["seed"] for row in rows} == {42, 43}
    assert {row["phase"] for row in rows} == {"validation", "test"}
    assert {(row["side"], row["setting"], row["evaluator"]) for row in rows} == {
        *(("user", setting, evaluator) for setting in ("cold", "warm", "overall") for evaluator in "AB"),
        ("audience", "cold", "B"),
    }
    assert all(math.isfinite(row["value"]) for row in rows)
    places = [tuple(row[key] for key in KEYS[:8]) for row in rows]
    assert len(set(places)) == len(places)


def test_the_table_says_what_it_is_about(world: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    run_benchmark(request(world, tmp_path), entries=[Trainings().entry("a")])
    about = table(tmp_path)["about"]
    assert about["split_hash"] == snapshot.content_hash
    assert about["machine"]["cores"] >= 1
    assert {"data_set", "date", "dtype", "commit", "versions"} <= set(about)
    assert len(about["trained_at"]) == 1
    assert {row["phase"] for row in table(tmp_path)["over_both_phases"]} == {"both"}
    with np.load(tmp_path / "ids.npz", allow_pickle=False) as ids:
        assert ids["users"].tolist() == list(snapshot.users.ids)
        assert ids["items"].tolist() == list(snapshot.items.ids)


def test_figures_from_kept_lists_are_those_of_the_scorer(
    world: Path, tmp_path: Path, data: EvaluationInput
) -> None:
    """The judge that asks the model itself, and the table that reads its lists, say the same to the last bit."""
    asked = request(world, tmp_path)
    unit = Unit(Trainings().entry("a"), 42)
    run_benchmark(asked, entries=[unit.entry])
    rows = rows_of(asked.records(), unit, data)
    trained = Trained(**asked.records().head(unit)["models"][0])
    direct = judge_scores(Guesses(42), data, phases=("validation", "test"))

    def by_place(found: list[Any]) -> dict[Any, float]:
        return {
            (row.side, row.setting, row.phase, row.evaluator, row.metric, row.k): row.value for row in found
        }

    assert by_place(rows) == by_place(benchmark_rows(direct, trained))
    written = table(tmp_path)["rows"] + table(tmp_path)["over_both_phases"]
    ours = [row.to_dict() for row in rows]
    assert sorted(written, key=str) == sorted(ours, key=str)


def test_finished_units_are_not_run_again_and_killed_ones_are(world: Path, tmp_path: Path) -> None:
    made = Trainings()

    class Killed(BaseException):
        """Like a signal: nothing in the run may catch it."""

    entries = [made.entry("a"), made.entry("b", error=Killed())]  # type: ignore[arg-type]
    with pytest.raises(Killed):
        run_benchmark(request(world, tmp_path), entries=entries)
    assert [one.state for one in unit_statuses(request(world, tmp_path), entries)] == ["done", "missing"]
    entries[1] = made.entry("b")
    outcome = run_benchmark(request(world, tmp_path), entries=entries)
    assert made.ran == [("a", 42), ("b", 42), ("b", 42)]
    assert len(outcome.done) == 2


def test_a_damaged_unit_is_run_again(world: Path, tmp_path: Path) -> None:
    made = Trainings()
    asked, entries = request(world, tmp_path), [made.entry("a")]
    run_benchmark(asked, entries=entries)
    before = table(tmp_path)["rows"]
    lists = asked.records().lists(asked.units(entries)[0], "a")
    lists.write_bytes(lists.read_bytes()[:-1])
    run_benchmark(asked, entries=entries)
    assert made.ran == [("a", 42), ("a", 42)]
    assert [row["value"] for row in table(tmp_path)["rows"]] == [row["value"] for row in before]


def test_a_unit_of_other_settings_is_run_again_and_is_not_in_the_table_before(
    world: Path, tmp_path: Path
) -> None:
    made = Trainings()
    entries = [made.entry("a"), made.entry("b")]
    run_benchmark(request(world, tmp_path), entries=entries)
    entries[0] = replace(entries[0], settings=lambda seed: {"d": 64})
    assert [one.state for one in unit_statuses(request(world, tmp_path), entries)] == ["stale", "done"]
    lines: list[str] = []
    run_benchmark(request(world, tmp_path, only=("b",)), entries=entries, say=lines.append)
    assert {row["model"] for row in table(tmp_path)["rows"]} == {"b"}
    assert "not in the table: a-seed42" in lines[-1]
    run_benchmark(request(world, tmp_path), entries=entries)
    assert {row["model"] for row in table(tmp_path)["rows"]} == {"a", "b"}
    assert made.ran == [("a", 42), ("b", 42), ("a", 42)]


def test_a_stale_unit_of_other_data_is_not_overwritten(
    world: Path, tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [Trainings().entry("a")]
    asked = request(world, tmp_path)
    run_benchmark(asked, entries=entries)
    entries[0] = replace(entries[0], settings=lambda seed: {"d": 64})
    other = snapshot.with_manifest(content_hash="0" * 64)
    monkeypatch.setattr(type(asked.data), "snapshot", lambda self: other)
    with pytest.raises(InputError, match="give another folder with --out"):
        run_benchmark(asked, entries=entries)


def test_a_failing_unit_is_recorded_and_the_others_go_on(world: Path, tmp_path: Path) -> None:
    made = Trainings()
    entries = [made.entry("a", error=ValueError("no such luck\nand more")), made.entry("b")]
    lines: list[str] = []
    outcome = run_benchmark(request(world, tmp_path), entries=entries, say=lines.append)
    assert [(unit.name, error) for unit, error in outcome.failed] == [
        ("a-seed42", "ValueError: no such luck")
    ]
    assert {row["model"] for row in table(tmp_path)["rows"]} == {"b"}
    status = unit_statuses(request(world, tmp_path), entries)
    assert [(one.state, one.note) for one in status] == [
        ("failed", "ValueError: no such luck"),
        ("done", ""),
    ]
    note = json.loads((tmp_path / "units" / "a-seed42.failed.json").read_text(encoding="utf-8"))
    assert "Traceback" in note["trace"]
    assert [line.split()[0] for line in lines] == ["FAILED", "done"]


def test_a_training_that_gives_other_models_than_announced_fails(world: Path, tmp_path: Path) -> None:
    wrong = replace(Trainings().entry("a"), models=("a", "b"))
    outcome = run_benchmark(request(world, tmp_path), entries=[wrong])
    assert "must give ['a', 'b'], it gave ['a']" in outcome.failed[0][1]


def test_the_table_holds_what_earlier_runs_left(world: Path, tmp_path: Path) -> None:
    entries = [Trainings().entry("a"), Trainings().entry("b")]
    run_benchmark(request(world, tmp_path, only=("a",)), entries=entries)
    run_benchmark(request(world, tmp_path, only=("b",)), entries=entries)
    assert {row["model"] for row in table(tmp_path)["rows"]} == {"a", "b"}


def test_units_of_other_data_are_refused(
    world: Path, tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [Trainings().entry("a")]
    asked = request(world, tmp_path)
    run_benchmark(asked, entries=entries)
    other = snapshot.with_manifest(content_hash="0" * 64)
    monkeypatch.setattr(type(asked.data), "snapshot", lambda self: other)
    with pytest.raises(InputError, match="give another folder with --out"):
        run_benchmark(asked, entries=entries)


def test_unknown_models_and_seeds_are_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model is called 'rigde'; known: .*\bridge\b"):
        run_benchmark(request(world, tmp_path, only=("rigde",)))
    with pytest.raises(InputError, match="--seeds must be 1 to 5, got 6"):
        request(world, tmp_path, seeds=6)


def test_closed_forms_rank_cold_titles_by_topic(world: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    """Users read one topic of three, so that a model that reads titles triples the recall of one that does not."""
    keep_features(tmp_path, snapshot.content_hash)
    asked: BenchmarkRequest = request(
        world, tmp_path, only=("ridge", "popularity", "tfidf_profile", "content_knn")
    )
    outcome = run_benchmark(asked, entries=ENTRIES)
    assert not outcome.failed
    found = {
        row["model"]: row["value"]
        for row in table(tmp_path)["rows"]
        if (row["phase"], row["setting"], row["side"], row["evaluator"], row["metric"], row["k"])
        == ("test", "cold", "user", "B", "precision", 10)
    }
    assert set(found) == {"ridge", "popularity", "tfidf_profile", "content_knn"}
    for name in ("ridge", "tfidf_profile", "content_knn"):
        assert found[name] > 1.3 * found["popularity"], found
    markdown = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "minus ridge, NDCG@20" in markdown
    assert (tmp_path / "benchmark.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_the_stages_of_a_funnel_let_through_is_kept_and_shown(world: Path, tmp_path: Path) -> None:
    keep_features(tmp_path, request(world, tmp_path).data.snapshot().content_hash)

    def build(inputs: Any, seed: int) -> Iterator[Scored]:
        users = np.tile(np.arange(USERS), (ITEMS - WARM, 1))
        yield Scored("funnel", Guesses(seed), stages={"filter": users})

    asked = request(world, tmp_path)
    run_benchmark(asked, entries=[entry("funnel", build)])
    rows = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))["funnel"]
    assert {(row["stage"], row["phase"], row["k"]) for row in rows} == {
        ("filter", phase, 20) for phase in ("validation", "test")
    }
    assert "funnel: filter" in (tmp_path / "benchmark.md").read_text(encoding="utf-8")


def test_a_measured_speed_stands_among_the_claims(world: Path, tmp_path: Path) -> None:
    entries = [Trainings().entry("a")]
    run_benchmark(request(world, tmp_path), entries=entries)
    assert "not measured" in (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    rows = [
        asdict(SpeedRow(method, 20, 4, 1.0, 1.0, seconds))
        for method, seconds in ((JUDGEMENT, 0.8), (DISTRIBUTION, 0.02))
    ]
    (tmp_path / "speed.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    run_benchmark(request(world, tmp_path), entries=entries)
    told = "yes: 40 times with 20 candidates"
    assert f"**{told}**" in (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert table(tmp_path)["claims"][-1]["holds"] == told
    (tmp_path / "speed.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"speed\.json is not what coldcast benchmark speed writes"):
        run_benchmark(request(world, tmp_path), entries=entries)


def test_a_unit_says_how_far_its_trainings_came(world: Path, tmp_path: Path) -> None:
    """Also where its figures stand among the documents alone."""
    docs = documents(tmp_path / "docs")

    def build(inputs: Inputs, seed: int) -> Iterator[Scored]:
        of_two_stages, of_one = inputs.on_epoch("first"), inputs.on_epoch("third")
        for tell, values in (
            (of_two_stages, (0.1, 0.3, 0.2)),
            (of_two_stages, (0.1, 0.2, 0.3)),
            (of_one, (None, None)),
        ):
            for number, value in enumerate(values, start=1):
                tell(EpochReport(number, len(values), loss=1.0, validation=value, seconds=0.0))
        yield from Trainings().entry("funnel").build(inputs, seed)

    entries = [entry("funnel", build)]
    run_benchmark(request(world, tmp_path / "here", docs=docs), entries=entries)
    head = json.loads((tmp_path / "here" / "units" / "funnel-seed42" / "unit.json").read_text())
    assert [(one["of"], one["epochs"], one["at_most"], one["best"]) for one in head["trainings"]] == [
        ("first", 3, 3, 2),
        ("first", 3, 3, 3),
        ("third", 2, 2, None),
    ]
    for out, state in (("here", "done"), ("elsewhere", "kept")):
        (found,) = unit_statuses(request(world, tmp_path / out, docs=docs), entries)
        assert found.state == state
        assert found.note.endswith("first: best in the last of 3 epochs")
        assert found.note.count("first") == 1
