"""The command: what it prints, where it writes, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.split_files import COLUMNS, PART_FILES
from orchestration.cli import main
from tests.assets.benchmark.worlds import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of forty titles."""
    return write_world(tmp_path_factory.mktemp("world"))


def run(world: Path, out: Path, *words: str) -> Result:
    """``coldcast benchmark citeulike`` on the world."""
    given = ["--split", str(world / "split"), "--out", str(out), "--seeds", "1", *words]
    return CliRunner().invoke(main, ["benchmark", "citeulike", *given])


def test_a_run_writes_the_table_and_the_status_says_so(world: Path, tmp_path: Path) -> None:
    only = ("--only", "popularity", "--only", "chance")
    before = run(world, tmp_path, *only, "--status")
    assert "0 of 2 units done" in before.output
    assert not any(tmp_path.iterdir())
    result = run(world, tmp_path, *only)
    assert result.exit_code == 0, result.output
    assert "2 units done, 0 failed" in result.output
    rows = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))["rows"]
    assert {row["model"] for row in rows} == {"popularity", "chance"}
    after = run(world, tmp_path, *only, "--status", "--from", str(world))
    assert "2 of 2 units done" in after.output


def test_the_status_names_units_and_models_whole_at_80_columns(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(world, tmp_path, "--only", "ridge_to_vectors_calibrated", "--status")
    assert "…" not in result.output
    rows = [line.split("│")[1:3] for line in result.output.splitlines() if line.startswith("│")]
    whole = ["".join(cell.strip() for cell in column) for column in zip(*rows, strict=True)]
    assert whole == ["ridge_to_vectors_calibrated-seed42", "ridge_to_vectors_calibrated"]


@pytest.mark.parametrize(("name", "missing"), [("movietweetings", "ratings.dat"), ("citeulike", "users.dat")])
def test_the_status_of_a_folder_without_the_data_names_the_missing_file(
    tmp_path: Path, name: str, missing: str
) -> None:
    split = ["--split", str(tmp_path)] if name == "citeulike" else []
    words = [*split, "--from", str(tmp_path), "--out", str(tmp_path / "out"), "--status"]
    result = CliRunner().invoke(main, ["benchmark", name, *words])
    assert result.exit_code == 1
    assert f"{missing}: no such file" in " ".join(result.output.split())


@pytest.mark.parametrize("command", [["benchmark"], ["benchmark", "warming"]])
def test_a_salt_of_a_split_that_is_not_hashed_is_refused(tmp_path: Path, command: list[str]) -> None:
    given = ["--from", str(tmp_path), "--out", str(tmp_path / "out"), "--time-split", "--salt", "1"]
    result = CliRunner().invoke(main, [*command, "movietweetings", *given])
    assert result.exit_code == 2
    assert "--time-split hashes nothing; give one of them" in " ".join(result.output.split())


def test_an_unknown_model_is_one_line_and_lists_the_known(world: Path, tmp_path: Path) -> None:
    result = run(world, tmp_path, "--only", "rigde")
    assert result.exit_code == 1
    assert "no model is called 'rigde'; known:" in result.output
    assert "ridge_root_degree" in result.output
    assert "Traceback" not in result.output


def test_a_failed_unit_is_told_and_the_exit_code_is_one(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**given: object) -> None:
        raise ValueError("no luck [today]")

    monkeypatch.setattr("models.baselines.chance.fit", fails)
    result = run(world, tmp_path, "--only", "chance")
    assert result.exit_code == 1
    assert "failed  chance-seed42: ValueError: no luck [today]" in result.output
    status = run(world, tmp_path, "--only", "chance", "--status")
    assert "no luck [today]" in status.output


def test_documents_without_a_place_for_the_tables_are_refused_before_anything_runs(
    world: Path, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    result = run(world, tmp_path / "out", "--only", "chance", "--docs", str(tmp_path / "docs"))
    assert result.exit_code == 1
    assert "must hold these two lines" in result.output
    assert not (tmp_path / "out").exists()


def test_the_manual_says_what_may_be_interrupted() -> None:
    group = CliRunner().invoke(main, ["benchmark", "--help"]).output
    assert "interrupt or kill" in group
    assert {"citeulike", "movietweetings"} <= set(group.split())
    command = CliRunner().invoke(main, ["benchmark", "citeulike", "--help"]).output
    for option in (
        "--split",
        "--from",
        "--data",
        "--seeds",
        "--out",
        "--only",
        "--status",
        "--quick",
        "--docs",
    ):
        assert option in command


@pytest.mark.parametrize("words", [["benchmark", "citeulike"], ["retrain"]])
def test_the_manual_names_the_files_of_a_split(words: list[str]) -> None:
    told = CliRunner().invoke(main, [*words, "--help"]).output
    assert all(name in told for name in (*PART_FILES.values(), ",".join(COLUMNS)))


@pytest.mark.slow
@pytest.mark.real_data
def test_citeulike_gives_the_known_figures_of_ridge(shared_data: Path, tmp_path: Path) -> None:
    """Cold Recall@20 .362 and NDCG@20 .230 under B, at the penalty that validation items choose."""
    split = shared_data / "citeulike-a" / "split-seed42"
    words = [
        "--split",
        str(split),
        "--out",
        str(tmp_path),
        "--seeds",
        "1",
        "--only",
        "ridge",
        "--only",
        "popularity",
    ]
    result = CliRunner().invoke(main, ["benchmark", "citeulike", *words])
    assert result.exit_code == 0, result.output
    rows = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))["rows"]
    place = {"model": "ridge", "phase": "test", "setting": "cold", "side": "user", "evaluator": "B", "k": 20}
    found = {
        row["metric"]: row["value"] for row in rows if all(row[key] == value for key, value in place.items())
    }
    assert found["recall"] == pytest.approx(0.3621, abs=0.001)
    assert found["ndcg"] == pytest.approx(0.2301, abs=0.001)
