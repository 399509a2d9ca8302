"""The nightly schedule: asks if anything is new, and creates the partition it asks for."""

from __future__ import annotations

import dagster as dg
import pytest

from data.home import Home
from orchestration.requests import home_rule
from orchestration.schedules import nightly_retrain
from tests.orchestration.worlds import arrive, filled, past_run, publish_all

pytestmark = pytest.mark.slow


@pytest.fixture
def world(home: Home) -> Home:
    filled(home)
    return home


def tick(instance: dg.DagsterInstance) -> dg.RunRequest | str:
    with dg.build_schedule_context(instance=instance) as context:
        result = nightly_retrain(context)
    return result if isinstance(result, dg.RunRequest) else result.skip_message or ""


def test_the_first_night_retrains_without_waiting_for_a_publication(
    world: Home, instance: dg.DagsterInstance
) -> None:
    request = tick(instance)
    assert isinstance(request, dg.RunRequest)
    assert instance.get_dynamic_partitions("snapshot") == [request.partition_key]
    assert request.run_key == f"retrain-{request.partition_key}-0"
    assert request.tags["coldcast/trigger"] == "nightly"
    assert request.asset_selection is not None
    assert request.asset_selection[0] == dg.AssetKey("interaction_snapshot")
    again = tick(instance)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == request.run_key


def test_a_night_without_new_data_is_skipped(world: Home, instance: dg.DagsterInstance) -> None:
    world.config_file.write_text("sensors: {cool_down_minutes: 0}\n")
    request = tick(instance)
    assert isinstance(request, dg.RunRequest)
    past_run(instance, "retrain", dg.DagsterRunStatus.SUCCESS, data=str(request.partition_key))
    assert tick(instance) == "a run for this data has already finished"
    arrive(world, "new-a", events=6)
    assert isinstance(tick(instance), dg.RunRequest)


def test_a_night_beside_a_running_retrain_is_skipped(world: Home, instance: dg.DagsterInstance) -> None:
    publish_all(world)
    past_run(instance, "retrain", dg.DagsterRunStatus.STARTED)
    assert tick(instance) == "a run of this job is queued or under way"
    assert instance.get_dynamic_partitions("snapshot") == []


def test_the_hour_is_the_homes(home: Home) -> None:
    assert home_rule().nightly == "0 3 * * *"
    home.config_file.write_text("sensors: {nightly: '30 4 * * 1'}\n")
    assert home_rule().nightly == "30 4 * * 1"
    assert nightly_retrain.execution_timezone in (None, "UTC")  # as the documents say
