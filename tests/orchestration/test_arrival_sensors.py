"""Ticks between two retrains: first, nothing new, new, asked already, grown."""

from __future__ import annotations

import dagster as dg
import numpy as np
import pytest

from assets.resources import StoreResource
from data.home import Home
from data.store.provisional import ProvisionalUsers
from data.store.waiting import WaitingReads
from orchestration.arrival_sensors import new_users_fold_in, warming_items
from orchestration.requests import DATA_TAG
from tests.orchestration.worlds import arrive, filled, open_store, past_run, publish_all

pytestmark = pytest.mark.slow


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> dg.RunRequest | str:
    with dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}) as context:
        (result,) = list(sensor(context))
    return result if isinstance(result, dg.RunRequest) else result.skip_message or ""


def test_the_first_tick_says_what_to_do(home: Home, instance: dg.DagsterInstance) -> None:
    for sensor in (new_users_fold_in, warming_items):
        assert "nothing is published yet: `coldcast retrain`" in str(tick(sensor, instance))


def test_new_users_are_asked_for_once_and_again_after_more_events(
    home: Home, instance: dg.DagsterInstance
) -> None:
    filled(home)
    publish_all(home)
    assert tick(new_users_fold_in, instance) == "every user with interactions has a vector of version 1"
    arrive(home, "new-a", events=1)
    first = tick(new_users_fold_in, instance)
    assert isinstance(first, dg.RunRequest)
    past_run(instance, "fold_in", dg.DagsterRunStatus.SUCCESS, data=first.tags[DATA_TAG])
    told = tick(new_users_fold_in, instance)
    assert told == "1 users wait to be folded in; a run for this data has already finished"
    with open_store(home) as store:
        vectors = np.ones((1, 2), dtype=np.float32)
        store.add_provisional(
            1, ProvisionalUsers(["new-a"], np.ones(1, dtype=np.int64), [""], np.ones(1), vectors)
        )
    assert tick(new_users_fold_in, instance) == "every user with interactions has a vector of version 1"
    arrive(home, "new-a", events=2)
    second = tick(new_users_fold_in, instance)
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key


def test_a_tick_reads_no_interactions_of_those_who_wait(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(home)
    publish_all(home)
    arrive(home, "new-a", events=1)
    monkeypatch.delattr(WaitingReads, "users_to_fold_in")
    assert isinstance(tick(new_users_fold_in, instance), dg.RunRequest)


def test_items_that_have_outgrown_their_vectors_are_placed_again(
    home: Home, instance: dg.DagsterInstance
) -> None:
    filled(home)
    publish_all(home)
    quiet = "no placed item of version 1 has outgrown its vector"
    assert tick(warming_items, instance) == quiet
    arrive(home, *(f"new-{at}" for at in range(30)), events=1)
    request = tick(warming_items, instance)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["coldcast/trigger"] == "warming items"
    past_run(instance, "place_cold_items", dg.DagsterRunStatus.STARTED, data=request.tags[DATA_TAG])
    assert tick(warming_items, instance) == (
        "1 items have outgrown their vectors; a run of this job is queued or under way"
    )
