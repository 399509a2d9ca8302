"""The replay's commands: what they refuse, and what they are asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from assets.replay.extending import ExtendingRequest
from assets.replay.run import ReplayRequest
from data.errors import InputError
from evaluation.extending import Extending, ExtendingStep
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


def test_a_source_brings_its_own_settings_and_the_seed_is_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(request: ReplayRequest, **given: object) -> None:
        found = request.settings
        raise InputError(f"asked with {found.regulariser} {found.text_weight} {found.seed}")

    monkeypatch.setattr("assets.replay.run.run_replay", asked)
    assert "asked with 0.2 0.0 7" in synthetic(tmp_path, "--seed", "7").output
    words = ["replay", "movietweetings", "--from", str(tmp_path), "--out", str(tmp_path / "out")]
    assert "asked with 0.5 3.0 42" in CliRunner().invoke(main, words).output


def test_the_record_of_the_command_names_no_machines_folders(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path), "replay", "movielens", "--from", str(tmp_path / "ml"), "--out", "here"]
    assert spoken_command(words) == "coldcast replay movielens --from ml --out here"


def test_extend_compares_retrains_by_the_homes_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ExtendingRequest] = []

    def compared(request: ExtendingRequest, *, say: object) -> Extending:
        asked.append(request)
        values = np.array([0.5, 0.5])
        return Extending({}, [ExtendingStep(1, "", 2, 2, np.arange(2), values, values * 0.99, 8.0, 2.0)])

    monkeypatch.setattr("assets.replay.extending.compare_extending", compared)
    words = ["--extend", "--steps", "3", "--seed", "7", "--set", "extension.share_of_items=0.5"]
    result = synthetic(tmp_path, *words, "--set", "filterllm.epochs=4")
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "extend takes 25.0% of the processor's time and loses 1.00%" in told
    (request,) = asked
    settings = request.settings
    assert (request.steps, request.step, request.seed, request.docs) == (3, 14 * 86_400, 7, None)
    assert request.out.is_dir()
    assert (settings.extension.share_of_items, settings.filterllm.epochs) == (0.5, 4)
    assert {one.seed for one in (settings.bpr, settings.tokens, settings.filterllm, settings.placement)} == {
        7
    }
    assert settings.snapshot.minimum == 200


def test_extend_needs_vectors_of_ials(tmp_path: Path) -> None:
    result = synthetic(tmp_path, "--extend", "--set", "tokens.method=bpr")
    assert result.exit_code == 1
    assert "leave tokens.method as it is" in " ".join(result.output.split())
