"""A real retrain under attack: asked for twice, struck at every station, and its artefacts damaged afterwards."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.home import Home
from orchestration.artifact_folder import ArtifactError, check_artifact, write_artifact
from orchestration.jobs import PLACEMENT, TRAINING
from orchestration.retraining import first_missing
from orchestration.settings import Settings
from tests.faults.homes import (
    RETRAIN,
    WORLD,
    artefacts,
    coldcast,
    contents_of,
    finished,
    mlflow_states,
    refused,
    run_states,
    started,
    until_logged,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CTRL_C, KILL = signal.SIGINT, signal.SIGKILL
STATIONS = (*TRAINING, *PLACEMENT)


@dataclass(frozen=True)
class Strike:
    """One interruption: where, on which words of the station's log, and how."""

    station: str
    how: signal.Signals
    words: str = "STEP_START"


ENDLESS = ("--set", "bpr.epochs=100000", "--set", "bpr.patience=null")  # outlasts whatever asks meanwhile
STRIKES = (
    Strike("bpr_embeddings", KILL, "embeddings: 1/20"),
    Strike("user_vocabulary_checkpoint", CTRL_C, "user vocabulary: 1/16"),
    Strike("registered_model", KILL),
    Strike("cold_item_distributions", CTRL_C),
    Strike("publication", KILL),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose only retrain was struck at every station, and then came to its end."""
    folder = tmp_path_factory.mktemp("attacked") / "home"
    assert coldcast(folder, *WORLD).exit_code == 0
    ask_twice(folder)
    for one in STRIKES:
        strike(folder, one)
        look_at_what_is_left(folder, one)
    assert "its version was accepted and is not published yet" in finished(folder, *RETRAIN)
    return folder


def ask_twice(home: Path) -> None:
    """While a retrain runs, a second one names its process and leaves no trace; then the first is interrupted."""
    with started(home, *RETRAIN, *ENDLESS) as command:
        until_logged(home, command, station="interaction_snapshot", words="STEP_START")
        before = contents_of(home)[1]  # the first may be handing out tokens meanwhile
        for arguments in (RETRAIN, (*RETRAIN, "--force")):
            message = refused(coldcast(home, *arguments))
            assert f"held by process {command.process.pid}" in message
            assert "wait for it or stop it" in message
        assert command.process.poll() is None, "the first ended too early to say anything"
        until_logged(home, command, station="bpr_embeddings", words="embeddings: 1/100000")  # in MLflow, too
        assert len(run_states(home)) == 1
        assert (contents_of(home)[1], contents_of(home)[3]) == (before, 1)
        assert command.strike(CTRL_C) == 130


def strike(home: Path, one: Strike) -> None:
    """Continue the retrain and interrupt it inside a station."""
    with started(home, *RETRAIN) as command:
        until_logged(home, command, station=one.station, words=one.words)
        code = command.strike(one.how)
        assert code == (130 if one.how is CTRL_C else -KILL), command.output
        assert "Traceback" not in command.output
        if one.how is CTRL_C:
            assert "the same command continues from there" in command.output
        assert "continuing snapshot" in command.output or "not published yet" in command.output


def look_at_what_is_left(home: Path, one: Strike) -> None:
    """Every artefact is whole; the struck station and those behind it have none; nothing is published."""
    whole = artefacts(home)
    for folder in whole:
        check_artifact(folder)
    last = max(STATIONS.index(folder.parent.name) for folder in whole)
    assert last < STATIONS.index(one.station)
    assert contents_of(home)[2] is None


def test_a_retrain_struck_at_every_station_still_ends_well(home: Path) -> None:
    assert contents_of(home)[2] is not None
    assert sorted(set(run_states(home))) == ["FAILURE", "SUCCESS"]
    assert len(run_states(home)) == len(STRIKES) + 2
    assert not list((home / "artifacts").rglob("*.writing-*/**/*.tmp"))
    # interrupted at the first; killed; interrupted; killed; nothing was left to train, so that placing has none
    assert mlflow_states(home, stations=False) == ["FAILED", "KILLED", "FAILED", "KILLED", "FINISHED"]
    assert "RUNNING" not in mlflow_states(home, stations=True)
    again = coldcast(home, *RETRAIN)
    assert again.exit_code == 0
    assert "no new data since snapshot" in again.output
    assert len(run_states(home)) == len(STRIKES) + 2


@contextmanager
def damaged(folder: Path) -> Iterator[Path]:
    """An artefact to damage; it is put back afterwards."""
    copy = folder.parent / f".{folder.name}.kept"
    shutil.copytree(folder, copy)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        copy.rename(folder)


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def key_of(home: Path) -> str:
    """The only snapshot's key."""
    return next(folder.name for folder in artefacts(home) if folder.parent.name == "promotion")


@pytest.mark.parametrize("station", TRAINING)
def test_a_damaged_artefact_is_named_and_made_again(home: Path, station: str) -> None:
    """What the next retrain would do: for a missing folder, and for one flipped byte in any file of it."""
    key = key_of(home)
    settings = Settings.read(
        Home.resolve(home), assignments=[word for word in RETRAIN[1:] if word != "--set"]
    )

    def missing() -> tuple[str, str] | None:
        return first_missing(Home.resolve(home), key, settings)

    assert missing() is None
    with damaged(home / "artifacts" / station / key) as folder:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            content = file.read_bytes()
            flip_a_byte(file)
            with pytest.raises(ArtifactError, match=f"artefact {station}/{key}"):
                check_artifact(folder)
            file.write_bytes(content)
        flip_a_byte(folder / "record.json")
        found = missing()
        assert found is not None
        assert found[0] == station
        assert f"the artefact {station}/{key} is damaged: record.json" in found[1]
        shutil.rmtree(folder)
        found = missing()
        assert found is not None
        assert f"the artefact {station}/{key} is missing" in found[1]


def test_a_damaged_artefact_stops_the_command_that_would_read_it(home: Path) -> None:
    key = key_of(home)
    for station in ("bpr_embeddings", "user_vocabulary_checkpoint"):
        with damaged(home / "artifacts" / station / key) as folder:
            shutil.rmtree(folder)
            message = refused(coldcast(home, "evaluate", "--snapshot", key))
            assert f"the artefact {station}/{key} is missing" in message


def test_a_flipped_byte_in_the_decision_is_made_good(home: Path) -> None:
    published, key = contents_of(home)[2], key_of(home)
    flip_a_byte(home / "artifacts" / "promotion" / key / "decision.json")
    done = coldcast(home, *RETRAIN)
    assert done.exit_code == 0, done.output
    assert f"at promotion: the artefact promotion/{key} is damaged: decision.json" in done.output
    check_artifact(home / "artifacts" / "promotion" / key)
    assert contents_of(home)[2] == published


def test_a_checkpoint_of_other_users_is_refused(home: Path) -> None:
    """Its digests are right, and so is its place; only its users are those of another snapshot."""
    from assets.checkpoint import VocabularyCheckpoint
    from assets.station_record import Recorded, StationRecord

    key = key_of(home)
    with damaged(home / "artifacts" / "user_vocabulary_checkpoint" / key) as folder:
        other = VocabularyCheckpoint(VocabularyCheckpoint.load(folder).model, "0123456789abcdef" * 4)
        write_artifact(folder, Recorded(other, StationRecord.load(folder)))
        check_artifact(folder)
        message = refused(coldcast(home, "evaluate", "--set", "evaluation.references=false"))
    assert "the user vocabulary checkpoint was trained for other users (fingerprint 0123456789ab)" in message
    assert f"than those of snapshot {key}" in message


def test_a_registered_model_that_lost_a_byte_answers_nothing(home: Path) -> None:
    from assets.resources import RegistryResource

    resource = RegistryResource(home=str(home))
    file = resource.open().download(1, cache=resource.cache()).checkpoint / "filterllm.safetensors"
    flip_a_byte(file)
    try:
        for arguments in (("place", "--text", "deep graph network"), ("place",)):
            message = refused(coldcast(home, *arguments))
            assert "version 1" in message
        assert contents_of(home)[2] is not None
    finally:
        flip_a_byte(file)
    assert coldcast(home, "place", "--text", "deep graph network").exit_code == 0


def test_more_users_than_the_version_knows(home: Path) -> None:
    message = refused(coldcast(home, "place", "--text", "deep graph network", "-k", "121"))
    assert "-k asks for 121 users" in message
    assert "give at most 120" in message
