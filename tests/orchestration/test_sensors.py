"""Every tick: first, nothing new, just below, at the threshold, under way, failed, finished."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pytest

from assets.registry import Registry, RegistryUnavailable
from assets.resources import StoreResource
from assets.watch_history import Measurement, WatchHistory
from data.home import Home
from data.store.users_items import ItemTable
from orchestration.artifact_folder import write_artifact
from orchestration.requests import DATA_TAG
from orchestration.sensors import items_digest, new_users, unplaced_items
from tests.orchestration.worlds import USERS, add_items, arrive, filled, open_store, past_run, publish_all

pytestmark = pytest.mark.slow

UNDER_WAY = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
RULE = "sensors: {{users: 2, share: 1.0, min_interactions: 3, cool_down_minutes: {minutes}}}\n"


@pytest.fixture(scope="module")
def published_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a home whose version 1 knows everybody and everything."""
    home = Home.resolve(tmp_path_factory.mktemp("published"), {})
    filled(home)
    publish_all(home)
    return home.root / "coldcast.db"


@pytest.fixture
def world(home: Home, published_store: Path) -> Home:
    """A published home whose sensor asks from two new users on, each with at least three events."""
    shutil.copy(published_store, home.root)
    set_cool_down(home, 30)
    return home


def set_cool_down(home: Home, minutes: int) -> None:
    home.config_file.write_text(RULE.format(minutes=minutes))


def tick(instance: dg.DagsterInstance) -> dg.RunRequest | str:
    """Evaluate ``new_users``: its one run request, or the sentence with which it skips."""
    with dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}) as context:
        result = new_users(context)
    if isinstance(result, dg.SkipReason):
        return result.skip_message or ""
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    (partitions,) = result.dynamic_partitions_requests or []
    assert partitions.partitions_def_name == "snapshot"
    assert partitions.partition_keys == [request.partition_key]
    return request


def place_tick(instance: dg.DagsterInstance) -> dg.RunRequest | str:
    """The same of ``unplaced_items``."""
    with dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}) as context:
        (result,) = list(unplaced_items(context))
    return result if isinstance(result, dg.RunRequest) else result.skip_message or ""


def asked(result: dg.RunRequest | str) -> dg.RunRequest:
    assert isinstance(result, dg.RunRequest), result
    return result


def enter(
    instance: dg.DagsterInstance, request: dg.RunRequest, job: str, status: dg.DagsterRunStatus
) -> dg.DagsterRun:
    """What the daemon would do with a request."""
    return past_run(instance, job, status, data=request.tags[DATA_TAG])


def requests_of(instance: dg.DagsterInstance, *, ticks: int) -> list[dg.RunRequest]:
    """What so many ticks ask for in all."""
    return [one for _ in range(ticks) if isinstance(one := tick(instance), dg.RunRequest)]


def look(home: Home, **numbers: float) -> None:
    """What the watch would leave behind."""
    write_artifact(home.artifacts / "watch" / "latest", WatchHistory((Measurement(1, 0, numbers),)))


def test_the_first_tick_of_an_empty_home_says_what_to_do(home: Home, instance: dg.DagsterInstance) -> None:
    assert "nothing is published yet: `coldcast retrain`" in str(tick(instance))
    assert "nothing is published yet: `coldcast retrain`" in str(place_tick(instance))


def test_nothing_new_is_skipped_with_the_numbers(world: Home, instance: dg.DagsterInstance) -> None:
    told = str(tick(instance))
    assert told.startswith(
        f"0 users with at least 3 interactions are outside the published vocabulary of {USERS} (0.0% of {USERS}), "
        "thresholds 2 users or 100.0%; they made 0.0% of "
    )
    assert told.endswith("loss of the forward metric not measured, threshold 0.3: nothing to do")
    assert place_tick(instance) == "every item has a vector of version 1"


def test_just_below_the_threshold_nothing_is_asked_for(world: Home, instance: dg.DagsterInstance) -> None:
    arrive(world, "new-a")
    arrive(world, "new-b", "new-c", events=2)
    assert str(tick(instance)).startswith("1 users with at least 3 interactions")
    with open_store(world) as store:
        assert store.snapshots() == []


def test_at_the_threshold_one_run_is_asked_for(world: Home, instance: dg.DagsterInstance) -> None:
    arrive(world, "new-a", "new-b")
    request = asked(tick(instance))
    with open_store(world) as store:
        (planned,) = store.snapshots()
    assert request.partition_key == planned.key
    assert request.run_key == f"retrain-{planned.key}-0"
    assert request.tags["coldcast/data"] == planned.key
    assert request.tags["coldcast/trigger"] == "new users"
    assert request.tags["coldcast/fired"] == "users"


def test_the_share_is_a_threshold_too(world: Home, instance: dg.DagsterInstance) -> None:
    world.config_file.write_text("sensors: {users: 100, share: 0.0476}\n")  # 2 of 42 are 0.0476...
    arrive(world, "new-a")
    assert isinstance(tick(instance), str)
    arrive(world, "new-b")
    asked(tick(instance))


@pytest.mark.slow
def test_users_of_the_published_version_are_counted_not_those_of_a_newer_one(
    world: Home, instance: dg.DagsterInstance
) -> None:
    arrive(world, "new-a", "new-b")
    publish_all(world, 2)
    assert str(tick(instance)).startswith("0 users")
    with open_store(world) as store:
        store.rollback_publication(reason="by hand")
    asked(tick(instance))


@pytest.mark.parametrize("status", UNDER_WAY)
def test_nothing_is_asked_for_while_a_retrain_is_queued_or_under_way(
    world: Home, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    arrive(world, "new-a", "new-b")
    enter(instance, asked(tick(instance)), "retrain", status)
    arrive(world, "new-c")  # other data by now
    assert "a run of this job is queued or under way" in str(tick(instance))
    with open_store(world) as store:
        assert len(store.snapshots()) == 1


@pytest.mark.parametrize("job", ["retrain", "extend"])
def test_a_retrain_started_by_hand_counts_as_under_way(
    world: Home, instance: dg.DagsterInstance, job: str
) -> None:
    past_run(instance, job, dg.DagsterRunStatus.STARTED)
    arrive(world, "new-a", "new-b")
    assert "queued or under way" in str(tick(instance))


def test_after_an_extension_it_rests_too_and_asks_for_other_data_alone(
    world: Home, instance: dg.DagsterInstance
) -> None:
    arrive(world, "new-a", "new-b")
    enter(instance, asked(tick(instance)), "extend", SUCCESS)
    assert "the next one comes 30 minutes after it" in str(tick(instance))
    set_cool_down(world, 0)
    assert "a run for this data has already finished" in str(tick(instance))
    arrive(world, "new-c", events=6)
    asked(tick(instance))


def an_hour_after_a_retrain(
    world: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has ended, longer ago than the cool-down, and its users are outside still, with one more."""
    arrive(world, "new-a", "new-b")
    enter(instance, asked(tick(instance)), "retrain", SUCCESS)
    arrive(world, "new-c", events=6)
    monkeypatch.setattr("orchestration.requests.time", SimpleNamespace(time=lambda: time.time() + 60 * 60))


def test_refused_versions_make_the_rest_longer(
    world: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What asked for them is still there, and a little more data seldom changes the verdict."""
    an_hour_after_a_retrain(world, instance, monkeypatch)
    refusals = 2
    monkeypatch.setattr(Registry, "refused_in_a_row", lambda registry: refusals)
    skipped = str(tick(instance))
    assert "versions refused in a row: 2; the last run ended " in skipped
    assert "the next one comes 120 minutes after it" in skipped
    refusals = 0
    asked(tick(instance))


def test_with_mlflow_away_it_says_so_instead_of_asking_too_soon(
    world: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_hour_after_a_retrain(world, instance, monkeypatch)

    def away(registry: Registry) -> int:
        raise RegistryUnavailable("MLflow is away")

    monkeypatch.setattr(Registry, "refused_in_a_row", away)
    assert "whether the last versions were refused is unknown: MLflow is away" in str(tick(instance))


@pytest.mark.slow
def test_a_failed_run_is_asked_for_again_after_the_cool_down(
    world: Home, instance: dg.DagsterInstance
) -> None:
    arrive(world, "new-a", "new-b")
    first = asked(tick(instance))
    enter(instance, first, "retrain", FAILURE)
    assert "the last run ended 0 minutes ago; the next one comes 30 minutes after it" in str(tick(instance))
    set_cool_down(world, 0)
    second = asked(tick(instance))
    assert second.run_key == str(first.run_key).removesuffix("-0") + "-1"
    assert second.partition_key == first.partition_key


def test_a_finished_run_is_not_asked_for_again(world: Home, instance: dg.DagsterInstance) -> None:
    set_cool_down(world, 0)
    arrive(world, "new-a", "new-b")
    enter(instance, asked(tick(instance)), "retrain", SUCCESS)  # and its version was refused
    assert "a run for this data has already finished" in str(tick(instance))


@pytest.mark.slow
def test_a_nightly_run_that_failed_is_asked_for_again_below_the_threshold(
    world: Home, instance: dg.DagsterInstance
) -> None:
    set_cool_down(world, 0)
    arrive(world, "new-a")
    past_run(instance, "retrain", FAILURE, data="else", trigger="command line")
    assert isinstance(tick(instance), str)
    past_run(instance, "retrain", FAILURE, data="else", trigger="nightly")
    asked(tick(instance))


@pytest.mark.slow
def test_a_thousand_ticks_on_unchanged_data_ask_for_nothing(
    world: Home, instance: dg.DagsterInstance
) -> None:
    set_cool_down(world, 0)
    assert requests_of(instance, ticks=1000) == []


@pytest.mark.slow
def test_a_thousand_ticks_ask_exactly_once_for_one_crossing(
    world: Home, instance: dg.DagsterInstance
) -> None:
    """While the run is under way, after it has finished, and for a daemon that was started anew."""
    set_cool_down(world, 0)
    arrive(world, "new-a", "new-b")
    first = asked(tick(instance))
    run = enter(instance, first, "retrain", dg.DagsterRunStatus.STARTED)
    assert requests_of(instance, ticks=333) == []
    instance.delete_run(run.run_id)
    enter(instance, first, "retrain", SUCCESS)
    assert requests_of(instance, ticks=333) == []
    with dg.DagsterInstance.from_ref(instance.get_ref()) as restarted:
        assert requests_of(restarted, ticks=333) == []


@pytest.mark.slow
def test_a_thousand_ticks_ask_exactly_once_more_after_a_failed_runs_cool_down(
    world: Home, instance: dg.DagsterInstance
) -> None:
    """None before it is over; one after it, of a daemon that was started anew; none once that has finished."""
    arrive(world, "new-a", "new-b")
    first = asked(tick(instance))
    enter(instance, first, "retrain", FAILURE)
    assert requests_of(instance, ticks=333) == []
    set_cool_down(world, 0)
    with dg.DagsterInstance.from_ref(instance.get_ref()) as restarted:
        second = asked(tick(restarted))
        assert second.run_key == str(first.run_key).removesuffix("-0") + "-1"
        run = enter(restarted, second, "retrain", dg.DagsterRunStatus.STARTED)
        assert requests_of(restarted, ticks=333) == []
        restarted.delete_run(run.run_id)
        enter(restarted, second, "retrain", SUCCESS)
        assert requests_of(restarted, ticks=333) == []


@pytest.mark.slow
def test_a_burst_gives_one_run_and_a_failed_one_is_asked_for_once_more(
    world: Home, instance: dg.DagsterInstance
) -> None:
    arrive(world, "new-a", "new-b")
    enter(instance, asked(tick(instance)), "retrain", SUCCESS)
    keys = []
    for number in range(100):
        if number % 10 == 0:
            arrive(world, f"burst-{number}")
        keys.append(tick(instance))
    assert all("the next one comes 30 minutes after it" in str(told) for told in keys)
    set_cool_down(world, 0)
    second = asked(tick(instance))
    enter(instance, second, "retrain", FAILURE)
    third = asked(tick(instance))
    assert third.run_key == str(second.run_key).removesuffix("-0") + "-1"
    enter(instance, third, "retrain", SUCCESS)
    assert {isinstance(tick(instance), str) for _ in range(50)} == {True}


def test_a_threshold_changed_in_the_file_holds_at_the_next_tick(
    world: Home, instance: dg.DagsterInstance
) -> None:
    arrive(world, "new-a")
    assert isinstance(tick(instance), str)
    world.config_file.write_text("sensors: {users: 1}\n")
    asked(tick(instance))


def test_what_the_watch_measured_is_a_threshold(world: Home, instance: dg.DagsterInstance) -> None:
    look(world, forward_drop=0.29, text_distance=0.1)
    told = str(tick(instance))
    assert "distance of new texts 0.100" in told
    assert "loss of the forward metric 0.290" in told
    look(world, forward_drop=0.31)
    asked(tick(instance))


def test_a_damaged_measurement_is_none(world: Home, instance: dg.DagsterInstance) -> None:
    look(world, forward_drop=0.9)
    (world.artifacts / "watch" / "latest" / "measurements.json").write_text("[]")
    assert "loss of the forward metric not measured" in str(tick(instance))


@pytest.mark.slow
def test_the_same_tick_twice_has_the_same_run_key(world: Home, instance: dg.DagsterInstance) -> None:
    """Dagster starts a run key once, so a daemon that dies between tick and start asks for one run."""
    arrive(world, "new-a", "new-b")
    assert asked(tick(instance)).run_key == asked(tick(instance)).run_key
    with open_store(world) as store:
        assert len(store.snapshots()) == 1


def test_new_items_are_asked_for_once(world: Home, instance: dg.DagsterInstance) -> None:
    add_items(world, new_1="Cheese and law")
    first = asked(place_tick(instance))
    assert str(first.run_key).startswith("place_cold_items-")
    assert str(first.run_key).endswith("-0")
    enter(instance, first, "place_cold_items", dg.DagsterRunStatus.STARTED)
    add_items(world, new_2="Cheese and sport")
    assert place_tick(instance) == ("2 items wait for a vector; a run of this job is queued or under way")


def test_items_that_a_finished_run_could_not_place_are_not_asked_for_again(
    world: Home, instance: dg.DagsterInstance
) -> None:
    add_items(world, new_1="Cheese and law")
    enter(instance, asked(place_tick(instance)), "place_cold_items", SUCCESS)
    assert "a run for this data has already finished" in str(place_tick(instance))
    add_items(world, new_2="Cheese and sport")
    asked(place_tick(instance))  # at once: new items need not rest


def test_a_failed_placement_waits_for_the_cool_down(world: Home, instance: dg.DagsterInstance) -> None:
    add_items(world, new_1="Cheese and law")
    enter(instance, asked(place_tick(instance)), "place_cold_items", FAILURE)
    assert "the next one comes 30 minutes after it" in str(place_tick(instance))
    set_cool_down(world, 0)
    assert str(asked(place_tick(instance)).run_key).endswith("-1")


@pytest.mark.slow
def test_a_new_text_is_placed_again_and_another_version_too(
    world: Home, instance: dg.DagsterInstance
) -> None:
    add_items(world, item_00003="Another title")
    changed = asked(place_tick(instance))
    publish_all(world, 2)
    assert place_tick(instance) == "every item has a vector of version 2"
    publish_all(world, 3, leave_out=["item-00003"])
    assert asked(place_tick(instance)).run_key != changed.run_key


@pytest.mark.slow
def test_a_thousand_ticks_without_new_items_ask_for_nothing(
    world: Home, instance: dg.DagsterInstance
) -> None:
    assert {place_tick(instance) for _ in range(1000)} == {"every item has a vector of version 1"}


@pytest.mark.slow
def test_a_request_carries_only_what_its_job_knows(world: Home, instance: dg.DagsterInstance) -> None:
    from orchestration.definitions import definitions

    with world.config_file.open("a") as file:
        file.write("bpr: {d: 8}\ndistributions: {users_per_item: 7}\nplacement: {steps: 3}\n")
    arrive(world, "new-a", "new-b")
    add_items(world, new_1="Cheese and law")
    retrain, place = asked(tick(instance)), asked(place_tick(instance))
    assert set(retrain.run_config["ops"]) == {"bpr_embeddings", "cold_item_distributions"}
    assert place.run_config == {
        "ops": {"cold_item_distributions": {"config": {"users_per_item": 7}}},
        "resources": {"placement": {"config": {"steps": 3}}},
    }
    for job, request in (("retrain", retrain), ("place_cold_items", place)):
        assert dg.validate_run_config(definitions.resolve_job_def(job), request.run_config)


def waiting(*items: tuple[str, str, int, int]) -> ItemTable:
    """Items as (id, text, revision, events)."""
    ids, texts, revisions, events = (list(column) for column in zip(*items, strict=True))
    numbers = np.arange(len(items), dtype=np.int64)
    named = (np.array(column, dtype=object) for column in (ids, texts, texts))
    return ItemTable(numbers, *named, numbers, np.array(events), np.array(revisions))


def test_a_set_of_items_is_named_by_items_revisions_and_version() -> None:
    names = {
        items_digest(waiting(("a", "tea", 1, 0), ("b", "cup", 1, 0)), version=1),
        items_digest(waiting(("a", "tea", 1, 0)), version=1),
        items_digest(waiting(("a", "tea", 1, 0), ("b", "pot", 2, 0)), version=1),
        items_digest(waiting(("a", "tea", 1, 0), ("b", "cup", 3, 0)), version=1),  # changed back
        items_digest(waiting(("a", "tea", 1, 0), ("b", "cup", 1, 0)), version=2),
    }
    assert len(names) == 5
    assert items_digest(waiting(("a", "tea", 1, 9), ("b", "cup", 1, 0)), version=1) in names


def test_an_item_without_a_text_has_another_name_when_its_events_have_doubled() -> None:
    names = [items_digest(waiting(("a", "", 1, n)), version=1) for n in (1, 2, 3, 4)]
    assert names[1] == names[2]
    assert len(set(names)) == 3
