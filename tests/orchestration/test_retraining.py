"""What a retrain would do: everything for new content, nothing for the same, the rest of what was begun."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from rich.console import Console

from assets.dead_runs import PROCESS_TAG
from assets.extension import EXTENDS
from assets.promotion_decision import PromotionDecision
from assets.station_record import Recorded, StationRecord
from data.errors import InputError
from data.home import HOME_VARIABLE, Home
from data.snapshot_plan import plan_snapshot
from orchestration.artifact_folder import write_artifact
from orchestration.definitions import definitions
from orchestration.environments import COMMAND_LINE, use_home
from orchestration.jobs import PLACEMENT, TRAINING
from orchestration.passed_checks import blocking_checks
from orchestration.retraining import Request, plan_retrain, retrain_home
from orchestration.settings import STATIONS, Settings
from tests.orchestration.worlds import arrive, filled, open_store, publish_all

pytestmark = pytest.mark.slow

EVERYTHING = TRAINING + PLACEMENT


@dataclass(frozen=True)
class Leaf:
    """A station's value of one file."""

    def save(self, directory: Path) -> None:
        (directory / "value.txt").write_text("value")


def freeze(home: Home, key: str) -> None:
    """Give the planned snapshot its tokens and its state, as the first station does."""
    from data.snapshot_plan import freeze_snapshot

    with open_store(home) as store:
        freeze_snapshot(store, key)


def finish(home: Home, *, promoted: bool = False, failing: str = "") -> str:
    """Leave behind what a finished retrain leaves: an artefact per station, one after the other, checks made.

    Returns:
        The snapshot's key.
    """
    filled(home)
    settings = Settings.read(home)
    with open_store(home) as store:
        key = plan_snapshot(store, settings.split()).key
    sections = {op: section for section, (op, _) in STATIONS.items()} | {"published_space": "placement"}
    with dg.DagsterInstance.from_config(str(use_home(home).dagster), COMMAND_LINE) as instance:
        for number, station in enumerate(TRAINING):
            parameters = settings.effective()[sections[station]] if station in sections else {}
            record = StationRecord(station, parameters, started=10.0 * number, ended=10.0 * number + 9)
            decision = PromotionDecision(1, None, promoted, "by hand", {})
            value = decision if station == "promotion" else Leaf()
            write_artifact(home.artifacts / station / key, Recorded(value, record))
            for check in blocking_checks(definitions, station):
                made = dg.AssetCheckEvaluation(
                    asset_key=check.asset_key,
                    check_name=check.name,
                    passed=check.name != failing,
                    partition=key,
                )
                instance.report_runless_asset_event(made)
    freeze(home, key)
    return key


def rewrite(home: Home, key: str, station: str, change: Callable[[StationRecord], StationRecord]) -> None:
    """Make a station's artefact again with another record."""
    folder = home.artifacts / station / key
    write_artifact(folder, Recorded(Leaf(), change(StationRecord.load(folder))))


def extended(home: Home, key: str, version: int | None) -> None:
    """Let the three stations that may go on from a version have done so; None: they started over."""

    def change(record: StationRecord) -> StationRecord:
        return replace(record, parameters={**record.parameters, EXTENDS: version})

    for station in ("bpr_embeddings", "token_vectors", "user_vocabulary_checkpoint"):
        rewrite(home, key, station, change)


def from_station(station: str) -> tuple[str, ...]:
    return EVERYTHING[EVERYTHING.index(station) :]


def why(request: Request) -> str:
    return request.reason.partition(": ")[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose only snapshot is done; a test gets a copy."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("finished") / "home"
        patch.setenv(HOME_VARIABLE, str(root))
        patch.setenv("DAGSTER_HOME", "")  # so that it is put back
        home = Home.resolve(root, {})
        finish(home)
        yield home


@pytest.fixture
def finished(home: Home, template: Home) -> tuple[Home, str]:
    """A home whose only snapshot is done, and its key."""
    shutil.copytree(template.root, home.root, dirs_exist_ok=True)
    (folder,) = (home.artifacts / "promotion").iterdir()
    return home, folder.name


def test_an_empty_store_is_refused_with_the_way_out(home: Home) -> None:
    with pytest.raises(InputError, match="import"):
        plan_retrain(home, Settings.read(home))


def test_new_content_takes_every_station(home: Home) -> None:
    filled(home)
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == EVERYTHING
    assert request.reason == f"new content {request.plan.content_hash[:12]}"
    assert request.plan.key == f"000001-{request.plan.content_hash[:12]}"


def test_a_plan_that_was_not_begun_is_taken_up_again(home: Home) -> None:
    filled(home)
    first = plan_retrain(home, Settings.read(home))
    second = plan_retrain(home, Settings.read(home))
    assert second.plan.key == first.plan.key
    assert second.stations == EVERYTHING
    assert "the artefact interaction_snapshot" in second.reason


def test_unchanged_content_leaves_nothing_to_do(finished: tuple[Home, str]) -> None:
    home, key = finished
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == ()
    assert request.reason.startswith(f"no new data since snapshot {key}")
    assert "--force" in request.reason


def test_with_nothing_left_to_do_a_killed_run_is_ended_all_the_same(finished: tuple[Home, str]) -> None:
    """Struck after its last station and before its end: no later run would say so."""
    home, _ = finished
    killed = {PROCESS_TAG: f"{socket.gethostname()}/{os.getpid()}@7"}  # whoever had this number long ago
    run = dg.DagsterRun("retrain", str(uuid4()), tags=killed, status=dg.DagsterRunStatus.STARTED)
    with dg.DagsterInstance.from_config(str(use_home(home).dagster)) as instance:
        instance.add_run(run)
        retrain_home(home, Settings.read(home), console=Console(quiet=True), force=False)
        ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE


def test_force_makes_a_new_key_of_the_same_content(finished: tuple[Home, str]) -> None:
    home, key = finished
    request = plan_retrain(home, Settings.read(home), force=True)
    assert request.stations == EVERYTHING
    assert request.plan.key != key
    assert request.plan.key.partition("-")[2] == key.partition("-")[2]


def test_new_data_make_a_new_snapshot(finished: tuple[Home, str]) -> None:
    home, key = finished
    arrive(home, "new-a", "new-b", events=6)
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == EVERYTHING
    assert request.plan.key.startswith("000002-")
    assert request.plan.key.partition("-")[2] != key.partition("-")[2]


@pytest.mark.parametrize("station", TRAINING)
def test_a_missing_artefact_is_made_again_with_what_follows(finished: tuple[Home, str], station: str) -> None:
    home, key = finished
    shutil.rmtree(home.artifacts / station / key)
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == from_station(station)
    assert request.reason.startswith(f"continuing snapshot {key} at {station}: the artefact {station}/{key}")
    assert "coldcast retrain" not in request.reason, "the way out is what is being done"


@pytest.mark.parametrize("file", ["value.txt", "record.json"])
def test_a_damaged_artefact_is_made_again(finished: tuple[Home, str], file: str) -> None:
    home, key = finished
    with (home.artifacts / "bpr_embeddings" / key / file).open("a") as stream:
        stream.write(" ")
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == from_station("bpr_embeddings")
    assert "damaged" in request.reason


@pytest.mark.parametrize(
    ("assignment", "station", "reason"),
    [
        ("bpr.d=7", "bpr_embeddings", "bpr.d is 7 now and was 200"),
        ("tokens.d=7", "token_vectors", "tokens.d is 7 now and was "),
        ("placement.text_weight=1.0", "published_space", "placement.text_weight is 1.0 now and was None"),
        ("filterllm.lora_rank=3", "user_vocabulary_checkpoint", "filterllm.lora_rank is 3 now and was "),
    ],
)
def test_a_changed_setting_is_taken_up_at_its_station(
    finished: tuple[Home, str], assignment: str, station: str, reason: str
) -> None:
    home, _ = finished
    request = plan_retrain(home, Settings.read(home, None, [assignment]))
    assert request.stations == from_station(station)
    assert why(request).startswith(reason)


@pytest.mark.parametrize(("then", "now"), [(1, None), (None, 1), (1, 2)])
@pytest.mark.parametrize("interrupted_at", ["token_vectors", "published_space", "registered_model"])
def test_what_goes_on_from_another_version_is_not_continued(
    finished: tuple[Home, str], then: int | None, now: int | None, interrupted_at: str
) -> None:
    """Carried-over vectors are no full retrain, and a full retrain's are no extension."""
    home, key = finished
    extended(home, key, then)
    settings = Settings.read(home).with_values("extension", version=now)
    assert plan_retrain(home, settings).stations == ()  # done is done, however it was reached
    for station in TRAINING[TRAINING.index(interrupted_at) :]:
        shutil.rmtree(home.artifacts / station / key)
    request = plan_retrain(home, settings)
    assert request.stations == from_station("bpr_embeddings")
    assert why(request) == f"extension.version is {now} now and was {then}"
    same = Settings.read(home).with_values("extension", version=then)
    assert plan_retrain(home, same).stations == from_station(interrupted_at)


def test_how_it_is_judged_or_asked_trains_nothing_again(finished: tuple[Home, str]) -> None:
    home, _ = finished
    given = ["evaluation.bootstrap=100", "distributions.users_per_item=5", "sensors.users=1"]
    assert plan_retrain(home, Settings.read(home, None, given)).stations == ()


def test_another_holdout_is_other_content(finished: tuple[Home, str]) -> None:
    home, _ = finished
    request = plan_retrain(home, Settings.read(home, None, ["snapshot.salt=other"]))
    assert request.plan.is_new
    assert request.stations == EVERYTHING


def test_what_was_made_before_the_station_before_it_is_made_again(finished: tuple[Home, str]) -> None:
    """A retrain with other settings that was stopped half-way must not leave a mixture that looks finished."""
    home, key = finished
    rewrite(home, key, "bpr_embeddings", lambda record: replace(record, started=1000.0, ended=1009.0))
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == from_station("token_vectors")
    assert why(request) == "it was made before bpr_embeddings was made again"


def test_a_report_made_again_leads_to_nothing_else(finished: tuple[Home, str]) -> None:
    home, key = finished
    rewrite(home, key, "evaluation_report", lambda record: replace(record, started=1000.0, ended=1009.0))
    assert plan_retrain(home, Settings.read(home)).stations == ()


def test_an_accepted_version_that_was_never_published_is_published(home: Home) -> None:
    finish(home, promoted=True)
    settings = Settings.read(home)
    request = plan_retrain(home, settings)
    assert request.stations == PLACEMENT
    assert "accepted and is not published yet" in request.reason
    publish_all(home, 1)
    assert plan_retrain(home, settings).stations == ()
    publish_all(home, 2)  # it was published once; that another one is now is nobody's mistake
    assert plan_retrain(home, settings).stations == ()


def test_a_value_whose_check_failed_is_made_again(home: Home) -> None:
    finish(home, failing="vectors_are_whole")
    request = plan_retrain(home, Settings.read(home))
    assert request.stations == from_station("bpr_embeddings")
    assert why(request) == "the check vectors_are_whole did not pass"
