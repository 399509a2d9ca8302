"""What a job started without run config, as in the UI, takes from the home; what is given wins."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from assets.dead_runs import PROCESS_TAG, this_process
from data.home import Home
from orchestration.definitions import definitions

SETTINGS = """
bpr: {d: 9}
distributions: {users_per_item: 7}
placement: {steps: 3}
"""


def placement_config(given: dict[str, Any] | None) -> tuple[int, int]:
    """Users per item and steps, as the stations of ``place_cold_items`` would get them."""
    resolved = dg.validate_run_config(definitions.resolve_job_def("place_cold_items"), given)
    assert resolved is not None
    users = resolved["ops"]["cold_item_distributions"]["config"]["users_per_item"]
    return int(users), int(resolved["resources"]["placement"]["config"]["steps"])


@pytest.mark.parametrize("given", [None, {}])
def test_placement_without_run_config_takes_the_homes_settings_of_that_moment(
    home: Home, given: dict[str, Any] | None
) -> None:
    assert placement_config(given) == (100, 30)
    home.config_file.write_text(SETTINGS)
    assert placement_config(given) == (7, 3)
    home.config_file.write_text("distributions: {users_per_item: 8}\n")
    assert placement_config(given) == (8, 30)


def test_what_sensors_and_the_command_line_give_to_placement_wins(home: Home) -> None:
    home.config_file.write_text(SETTINGS)
    assert placement_config({"ops": {}, "resources": {}}) == (100, 30)
    ops = {"cold_item_distributions": {"config": {"users_per_item": 5}}}
    assert placement_config({"ops": ops}) == (5, 30)
    with pytest.raises(dg.DagsterInvalidConfigError, match="cold_items"):
        placement_config({"ops": {"cold_items": {}}})


@pytest.mark.parametrize(
    ("job", "ops"),
    [("retrain", {"bpr_embeddings", "cold_item_distributions"}), ("evaluate", set())],
)
def test_jobs_with_partitions_take_the_homes_settings(home: Home, job: str, ops: set[str]) -> None:
    home.config_file.write_text(SETTINGS)
    given = definitions.resolve_job_def(job).partitioned_config
    assert given is not None
    run_config = given.get_run_config_for_partition_key("any")
    assert set(run_config["ops"]) == ops
    assert run_config["resources"] == {"placement": {"config": {"steps": 3}}}
    assert dg.validate_run_config(definitions.resolve_job_def(job), run_config)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of packages that load while stations run
@pytest.mark.parametrize("job", ["watch_published", "fold_in"])
def test_jobs_beside_the_homes_lock_are_signed_too(home: Home, job: str) -> None:
    """As the daemon starts them: without a tag. Killed, an unsigned one would count as under way for ever."""
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def(job).execute_in_process(instance=instance)
        run = instance.get_run_by_id(done.run_id)
    assert run is not None
    assert run.tags[PROCESS_TAG] == this_process()
