"""What must hold of a snapshot; every expectation is shown a planted fault that it must find."""

from __future__ import annotations

from typing import Any

import dagster as dg
import numpy as np
import pytest

from assets.interaction_snapshot import snapshots
from data.snapshot import Snapshot
from data.snapshot_build import build_snapshot
from data.split_choice import SplitChoice
from expectations.interaction_snapshot import (
    held_out_is_absent_from_training,
    holdout_findings,
    snapshot_tables,
    tables_are_sound,
    volume_findings,
)
from expectations.snapshot_tables import Bounds, finding_of, table_findings
from tests.data.contents import contents_of, random_events

# Great Expectations imports a module that Python 3.11 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

KEY = "000001-abc"
BOUNDS = Bounds(n_users=20, n_items=40, latest_time=1_700_000_000)

Tables = dict[str, dict[str, Any]]


def snapshot(*, later: int = 0) -> Snapshot:
    """A small snapshot of 2024-01-01 whose events lie ``later`` seconds after their usual time in 1970."""
    events = random_events(20, 38, n=400, seed=0)
    contents = contents_of(
        [(user, item, time + later, weight) for user, item, time, weight in events],
        users=[f"u{at}" for at in range(20)],
        items=[f"i{at}" for at in range(40)],
    )
    return build_snapshot(
        contents, SplitChoice(holdout=0.25, minimum=10), key=KEY, created_at="2024-01-01T00:00:00+00:00"
    )


@pytest.fixture
def tables() -> Tables:
    found = snapshot_tables(snapshot())
    return {
        name: {column: np.array(values) for column, values in table.items()} for name, table in found.items()
    }


def plant(table: dict[str, Any], column: str, at: int, value: object) -> None:
    changed = (
        table[column].astype(object) if isinstance(value, str) or value is None else table[column].copy()
    )
    changed[at] = value
    table[column] = changed


def failed(tables: Tables) -> dict[str, Any]:
    return {found.name: found for found in table_findings(tables, BOUNDS) if not found.passed}


@pytest.mark.slow
def test_a_sound_snapshot_meets_every_expectation(tables: Tables) -> None:
    findings = table_findings(tables, BOUNDS)
    assert [found.name for found in findings if not found.passed] == []
    assert len(findings) == 16
    assert len({found.name for found in findings}) == 16


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column", "value", "name", "offender"),
    [
        ("users", "user_id", "u3", "user_id is unique", "u3"),
        ("users", "user_id", None, "user_id is there", "None"),
        ("users", "token", 0, "token rises", "u5"),
        ("items", "item_id", "i7", "item_id is unique", "i7"),
        ("items", "text", None, "text is there", "i5"),
        ("items", "text", "", "every text says something", "i5"),
        ("items", "role", 9, "role is between 0 and 4", "i5"),
        ("interactions", "user_index", 20, "user_index is between 0 and 19", "20"),
        ("interactions", "item_index", -1, "item_index is between 0 and 39", "-1"),
        ("interactions", "time", -5, "time is known or 0, and not in the future", "-5"),
        ("interactions", "time", 1_700_100_000, "time is known or 0, and not in the future", "1700100000"),
        ("interactions", "weight", -0.5, "weight is not negative", "-0.5"),
        ("interactions", "weight", np.inf, "weight is not negative", "inf"),
        ("interactions", "weight", np.nan, "weight is there", ""),
        ("interactions", "part", 5, "part is between 0 and 4", "5"),
    ],
)
def test_planted_faults_are_found(
    tables: Tables, table: str, column: str, value: object, name: str, offender: str
) -> None:
    plant(tables[table], column, 5, value)
    found = failed(tables)
    assert name in found, found
    assert found[name].observed in (1, 2)
    assert offender in str(found[name].offenders)
    assert found[name].severity == ("warning" if name == "every text says something" else "error")


@pytest.mark.slow
def test_a_pair_that_stands_twice_is_found(tables: Tables) -> None:
    rows = tables["interactions"]
    for column in ("user_index", "item_index"):
        plant(rows, column, 6, int(rows[column][5]))
    found = failed(tables)
    assert list(found) == ["no pair stands twice"]
    assert found["no pair stands twice"].observed == 2


@pytest.mark.slow
def test_mostly_empty_texts_are_an_error(tables: Tables) -> None:
    tables["items"]["text"] = np.array([""] * 30 + ["title"] * 10)
    assert failed(tables)["at least half of the texts say something"].severity == "error"


@pytest.mark.slow
def test_a_missing_column_fails_and_says_so(tables: Tables) -> None:
    del tables["interactions"]["weight"]
    found = failed(tables)
    assert {"weight is there", "weight is not negative"} <= set(found)
    assert "weight" in str(found["weight is there"].observed)


def test_a_result_of_great_expectations_becomes_a_finding() -> None:
    result = {
        "success": False,
        "expectation_config": {
            "kwargs": {"column": "item_id", "mostly": 0.5},
            "meta": {"finding": "item_id is unique"},
            "severity": "critical",
        },
        "result": {
            "element_count": 40,
            "unexpected_count": 2,
            "partial_unexpected_list": ["b", "b"],
            "partial_unexpected_index_list": [{"item_id": "b"}, {"item_id": "b"}],
        },
        "exception_info": {},
    }
    found = finding_of(result)
    assert (found.name, found.passed, found.observed, found.severity) == (
        "item_id is unique",
        False,
        2,
        "error",
    )
    assert found.threshold == "50% of 40 allowed"
    assert found.offenders == [{"item_id": "b"}, {"item_id": "b"}]
    raised = {**result, "result": {}, "exception_info": {"id": {"exception_message": "no column x"}}}
    assert finding_of(raised).observed == "no column x"


def test_a_held_out_item_in_training_is_found(tables: Tables) -> None:
    assert all(found.passed for found in holdout_findings(tables))
    rows = tables["interactions"]
    cold = int(np.flatnonzero(rows["part"] == 4)[0])
    plant(rows, "part", cold, 0)
    found = {one.name: one for one in holdout_findings(tables)}
    leaked = found["held-out items are absent from training"]
    assert not leaked.passed
    assert leaked.offenders == [tables["items"]["item_id"][rows["item_index"][cold]]]


def test_a_held_out_pair_in_training_is_found(tables: Tables) -> None:
    rows = tables["interactions"]
    held = int(np.flatnonzero(rows["part"] == 1)[0])
    for column in rows:
        rows[column] = np.append(rows[column], 0 if column == "part" else rows[column][held])
    found = {one.name: one for one in holdout_findings(tables)}
    twice = found["no pair is trained on and held out"]
    assert (twice.passed, twice.observed) == (False, 1)
    assert twice.offenders[0]["user_index"] == rows["user_index"][held]


def test_a_phase_without_held_out_pairs_is_found(tables: Tables) -> None:
    part = tables["interactions"]["part"]
    tables["interactions"]["part"] = np.where(part == 3, 4, part)
    found = {one.name: one.passed for one in holdout_findings(tables)}
    assert found["validation has pairs of held-out items"] is False
    assert found["test has pairs of held-out items"] is True


def test_volume() -> None:
    last = {"n_users": 100, "n_items": 50, "n_interactions": 1000}
    assert all(found.passed for found in volume_findings(last, None))
    assert all(found.passed for found in volume_findings(last, last))
    shrunk = {found.name: found for found in volume_findings({**last, "n_interactions": 400}, last)}
    assert not shrunk["events did not shrink"].passed
    assert shrunk["events did not shrink"].severity == "error"
    assert shrunk["events did not shrink"].threshold == "at least 500"
    grown = {found.name: found for found in volume_findings({**last, "n_users": 1001}, last)}
    assert not grown["users grew within reason"].passed
    assert grown["users grew within reason"].severity == "warning"
    assert not all(found.passed for found in volume_findings({**last, "n_items": 0}, None))


class Memory(dg.IOManager):
    """Keeps values by asset and partition."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.values[context.asset_key.path[-1], context.asset_partition_key] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        return self.values[context.asset_key.path[-1], context.asset_partition_key]


def run(value: Snapshot) -> dg.ExecuteInProcessResult:
    @dg.asset(partitions_def=snapshots, name="interaction_snapshot")
    def stand_in() -> Snapshot:
        return value

    @dg.asset(partitions_def=snapshots)
    def downstream(interaction_snapshot: Snapshot) -> int:
        return interaction_snapshot.n_users

    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("snapshot", [KEY])
    return dg.materialize(
        [stand_in, downstream, tables_are_sound, held_out_is_absent_from_training],
        instance=instance,
        partition_key=KEY,
        resources={"io_manager": Memory()},
        raise_on_error=False,
    )


@pytest.mark.slow
def test_the_checks_read_the_partition_and_let_a_sound_one_pass() -> None:
    result = run(snapshot())
    assert result.success
    assert {check.check_name for check in result.get_asset_check_evaluations() if check.passed} == {
        "tables_are_sound",
        "held_out_is_absent_from_training",
    }
    assert result.asset_materializations_for_node("downstream")


@pytest.mark.slow
def test_broken_data_stops_the_way() -> None:
    result = run(snapshot(later=1_800_000_000))  # events of 2027 in a snapshot of 2024
    found = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not found["tables_are_sound"].passed
    assert found["tables_are_sound"].severity == dg.AssetCheckSeverity.ERROR
    assert "not in the future" in str(found["tables_are_sound"].description)
    assert not result.success
    assert not result.asset_materializations_for_node("downstream")
