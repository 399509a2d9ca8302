"""The replay's commands: what they refuse, and what they are asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.cli_replay import Duration, spoken_command


def synthetic(out: Path, *words: str) -> Result:
    given = ["--home", str(out / "home"), "replay", "synthetic", "--out", str(out / "out"), *words]
    return CliRunner().invoke(main, given)


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)])
def test_a_length_of_time(text: str, seconds: int) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["7", "0d", "1m", "soon"])
def test_no_length_of_time(tmp_path: Path, text: str) -> None:
    result = synthetic(tmp_path, "--step", text)
    assert result.exit_code == 2
    assert "is no length of time; write 12h, 7d or 2w" in " ".join(result.output.split())


def test_only_the_rules_thresholds_can_be_set(tmp_path: Path) -> None:
    result = synthetic(tmp_path, "--set", "filterllm.epochs=1")
    assert result.exit_code == 1
    assert "sensors.share=0.1; got 'filterllm.epochs=1'" in " ".join(result.output.split())
    assert "unknown setting sensors.shar" in synthetic(tmp_path, "--set", "sensors.shar=0.1").output


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    words = ["replay", "movietweetings", "--from", str(tmp_path / "none"), "--out", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "does not exist" in " ".join(result.output.split())


def test_the_record_of_the_command_names_no_machines_folders(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path), "replay", "movielens", "--from", str(tmp_path / "ml"), "--out", "here"]
    assert spoken_command(words) == "coldcast replay movielens --from ml --out here"
