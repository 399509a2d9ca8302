"""After a first version was refused every command that finds nothing published names it and the way out."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.promotion_decision import PromotionDecision
from assets.resources import StoreResource
from assets.station_record import Recorded, StationRecord
from data.home import Home
from orchestration.arrival_sensors import new_users_fold_in, warming_items
from orchestration.artifact_folder import write_artifact
from orchestration.retraining import plan_retrain
from orchestration.sensors import new_users, unplaced_items
from orchestration.settings import Settings
from orchestration.unpublished import FIRST, newest_decision, short, way_out
from tests.orchestration.worlds import Cli, filled, publish_all

REASON = "version 2 is not clearly better than the TF-IDF profile: 0.0988 against 0.0925."
REFUSED = (
    "version 2 was refused: version 2 is not clearly better than the TF-IDF profile; "
    "`coldcast promote --force 2` publishes it anyway"
)


def decide(home: Home, version: int, *, promote: bool = False, reason: str = REASON) -> None:
    """Leave behind what the gate said about a version."""
    decision = PromotionDecision(version, None, promote, reason, {})
    record = StationRecord("promotion", {}, started=1.0, ended=2.0)
    write_artifact(home.artifacts / "promotion" / f"{version:06d}-hand", Recorded(decision, record))


@pytest.fixture
def refused(home: Home) -> Home:
    decide(home, 1, reason="version 1 is worse: much.")
    decide(home, 2)
    return home


def test_the_newest_version_counts(refused: Home) -> None:
    newest = newest_decision(refused)
    assert newest is not None
    assert newest.version == 2
    assert way_out(refused) == REFUSED


def test_before_the_first_version_a_retrain_is_the_way(home: Home) -> None:
    assert newest_decision(home) is None
    assert way_out(home) == FIRST


def test_an_accepted_version_wants_a_retrain_to_place_it(refused: Home) -> None:
    decide(refused, 3, promote=True)
    assert way_out(refused) == "version 3 was accepted; `coldcast retrain` places and publishes it"


def test_a_damaged_decision_is_left_out(refused: Home) -> None:
    (refused.artifacts / "promotion" / "000002-hand" / "decision.json").write_text("{")
    assert way_out(refused).startswith("version 1 was refused: version 1 is worse; ")


def test_a_reason_without_numbers_is_told_as_it_is() -> None:
    assert short("nothing new could have been learned.") == "nothing new could have been learned"


def test_status_names_the_refused_version(refused: Home) -> None:
    assert f"published nothing yet; {REFUSED}" in Cli(refused).run("status")


def test_rollback_names_the_refused_version(refused: Home) -> None:
    told = Cli(refused).run("rollback", code=1)
    assert told == f"Error: nothing is published, so there is nothing to roll back; {REFUSED}"


def test_once_something_is_published_refusals_are_no_news(refused: Home) -> None:
    from orchestration.retraining import _nothing_to_do

    filled(refused)
    plan = plan_retrain(refused, Settings.read(refused)).plan
    assert f"; {REFUSED}; `coldcast retrain --force`" in _nothing_to_do(refused, plan)
    publish_all(refused)
    told = _nothing_to_do(refused, plan)
    assert told.startswith(f"no new data since snapshot {plan.key} (content ")
    assert told.endswith("); `coldcast retrain --force` trains on it anyway")


@pytest.mark.slow
def test_the_sensors_name_it_too(refused: Home, instance: dg.DagsterInstance) -> None:
    for sensor in (new_users, unplaced_items, new_users_fold_in, warming_items):
        with dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}) as context:
            found = sensor(context)
        (skipped,) = [found] if isinstance(found, dg.SkipReason) else list(found)
        assert skipped.skip_message == f"nothing is published yet: {REFUSED}"
