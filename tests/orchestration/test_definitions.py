"""The graph as a snapshot: whoever changes it says so here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import definitions
from orchestration.environments import instance_settings
from orchestration.jobs import PLACEMENT, TRAINING
from tests.conftest import REPOSITORY

PARTITIONED, WHOLE = "snapshot", None
# asset -> (assets it reads or follows, partitions)
GRAPH: dict[str, tuple[set[str], str | None]] = {
    "interaction_snapshot": (set(), PARTITIONED),
    "bpr_embeddings": ({"interaction_snapshot"}, PARTITIONED),
    "token_vectors": ({"interaction_snapshot", "bpr_embeddings"}, PARTITIONED),
    "user_vocabulary_checkpoint": ({"interaction_snapshot", "token_vectors"}, PARTITIONED),
    "published_space": (
        {"interaction_snapshot", "bpr_embeddings", "token_vectors", "user_vocabulary_checkpoint"},
        PARTITIONED,
    ),
    "evaluation_report": (
        {"interaction_snapshot", "bpr_embeddings", "user_vocabulary_checkpoint", "published_space"},
        PARTITIONED,
    ),
    "registered_model": (
        {"interaction_snapshot", "user_vocabulary_checkpoint", "published_space", "evaluation_report"},
        PARTITIONED,
    ),
    "promotion": ({"interaction_snapshot", "registered_model"}, PARTITIONED),
    "cold_item_distributions": ({"promotion"}, WHOLE),
    "item_embeddings": ({"cold_item_distributions"}, WHOLE),
    "publication": ({"cold_item_distributions", "item_embeddings"}, WHOLE),
    "provisional_users": ({"publication"}, WHOLE),
    "watch": ({"publication"}, WHOLE),
}
BESIDE = ("provisional_users", "watch")  # no station of the way from data to publication
# asset -> check -> does it stop the way
CHECKS: dict[str, dict[str, bool]] = {
    "interaction_snapshot": {
        "held_out_is_absent_from_training": True,
        "tables_are_sound": True,
        "volume_is_near_the_last_snapshot": True,
    },
    "bpr_embeddings": {"vectors_are_whole": True, "validation_is_above_popularity": False},
    "token_vectors": {"token_vectors_are_whole": True},
    "user_vocabulary_checkpoint": {
        "frozen_weights_are_unchanged": True,
        "vocabulary_matches_the_snapshot": True,
    },
    "published_space": {"published_space_is_whole": True},
    "evaluation_report": {"report_is_complete_and_finite": True},
    "cold_item_distributions": {"audiences_are_distributions": True},
    "item_embeddings": {"nothing_fixed_has_moved": True, "placed_vectors_are_sound": True},
}
JOBS: dict[str, tuple[set[str], str]] = {  # job -> (its assets, the purpose that limits how many run at once)
    "retrain": (set(GRAPH) - {*BESIDE}, "retrain"),
    "extend": (set(GRAPH) - {*BESIDE}, "retrain"),
    "place_cold_items": ({"cold_item_distributions", "item_embeddings", "publication"}, "place"),
    "fold_in": ({"provisional_users"}, "fold_in"),
    "evaluate": ({"evaluation_report"}, "evaluate"),
    "watch_published": ({"watch"}, "watch"),
}
TICKS = {  # sensor or schedule -> (job, seconds between ticks or cron expression)
    "new_users": ("retrain", 60),
    "unplaced_items": ("place_cold_items", 30),
    "champion_alias": ("place_cold_items", 30),
    "new_users_fold_in": ("fold_in", 30),
    "warming_items": ("place_cold_items", 30),
    "nightly_retrain": ("retrain", "0 3 * * *"),
    "hourly_watch": ("watch_published", "30 * * * *"),
}


@pytest.fixture(scope="module")
def graph() -> Any:
    return definitions.resolve_asset_graph()


def test_assets_dependencies_and_partitions(graph: Any) -> None:
    found = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        parents = {parent.to_user_string() for parent in node.parent_keys}
        partitions = node.partitions_def
        assert partitions is None or isinstance(partitions, dg.DynamicPartitionsDefinition)
        found[key.to_user_string()] = (parents, None if partitions is None else partitions.name)
    assert found == GRAPH


def test_checks_and_which_of_them_stop_the_way(graph: Any) -> None:
    found: dict[str, dict[str, bool]] = {}
    for key in graph.asset_check_keys:
        station = key.asset_key.to_user_string()
        found.setdefault(station, {})[key.name] = graph.get_check_spec(key).blocking
    assert found == CHECKS


def test_jobs_their_stations_and_their_purpose() -> None:
    found = {}
    for job in definitions.get_repository_def().get_all_jobs():
        if job.name != "__ASSET_JOB":
            keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
            found[job.name] = (keys, job.tags["purpose"])
    assert found == JOBS


def test_stations_are_listed_in_the_order_in_which_they_run(graph: Any) -> None:
    order = [key.to_user_string() for key in graph.toposorted_asset_keys]
    listed = [*TRAINING, *PLACEMENT, *BESIDE]
    assert sorted(listed) == sorted(order)
    for station, (parents, _) in GRAPH.items():
        assert all(listed.index(parent) < listed.index(station) for parent in parents)


def test_sensors_and_the_schedule_run_without_being_switched_on() -> None:
    repository = definitions.get_repository_def()
    asking = [one for one in repository.sensor_defs if one.name != "failed_runs"]  # that one starts nothing
    assert len(asking) == len(repository.sensor_defs) - 1
    sensors = {one.name: (one.job_name, one.minimum_interval_seconds) for one in asking}
    schedules = {one.name: (one.job_name, one.cron_schedule) for one in repository.schedule_defs}
    assert {**sensors, **schedules} == TICKS
    assert all(one.default_status is dg.DefaultSensorStatus.RUNNING for one in repository.sensor_defs)
    assert all(one.default_status is dg.DefaultScheduleStatus.RUNNING for one in repository.schedule_defs)


def test_every_asset_but_those_that_wait_for_somebody_has_a_freshness_policy(graph: Any) -> None:
    policies = {key.to_user_string(): graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
    assert {name for name, policy in policies.items() if policy is None} == {"provisional_users"}


def test_every_asset_says_in_a_sentence_what_it_is(graph: Any) -> None:
    for key in graph.get_all_asset_keys():
        description = graph.get(key).description
        assert description, key
        assert description.strip().endswith("."), key


def test_two_retrains_are_kept_apart_in_the_queue(tmp_path: Path) -> None:
    from data.home import Home

    limits = instance_settings(Home.resolve(tmp_path, {}))["concurrency"]["runs"]["tag_concurrency_limits"]
    assert {"key": "purpose", "value": "retrain", "limit": 1} in limits


@pytest.mark.slow
def test_the_workspace_file_loads(tmp_path: Path) -> None:
    """``dagster definitions validate`` finds every location of ``workspace.yaml`` valid, in an empty home."""
    environment = {
        **os.environ,
        "COLDCAST_HOME": str(tmp_path / "home"),
        "DAGSTER_HOME": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }
    outcome = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Validation successful for code location coldcast" in outcome.stdout + outcome.stderr
