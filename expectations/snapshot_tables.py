"""Great Expectations suites over the three tables of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from expectations.finding import SHOWN, Finding, Severity

Table = Mapping[str, Any]  # column name -> array
Expectation = Any

USERS, ITEMS, INTERACTIONS = "users", "items", "interactions"
NAMED_BY = {USERS: ["user_id"], ITEMS: ["item_id"], INTERACTIONS: ["user_index", "item_index"]}

CLOCK_SLACK = 24 * 3600  # seconds an event may lie ahead of the snapshot: a day of time zones and clocks
TEXT_SHARE = 0.5  # with fewer texts than this, a model that reads texts has nothing to read
LARGEST_WEIGHT = 3.0e38  # float32 ends a little above; infinity is no weight


@dataclass(frozen=True)
class Bounds:
    """What the tables' numbers are held against.

    Attributes:
        n_users: U.
        n_items: I.
        latest_time: Unix seconds of the snapshot.
        n_parts: Parts a pair can be in.
    """

    n_users: int
    n_items: int
    latest_time: int
    n_parts: int = 5


def table_findings(tables: Mapping[str, Table], bounds: Bounds) -> list[Finding]:
    """Validate the tables ``users``, ``items`` and ``interactions`` and tell each expectation's outcome.

    Args:
        tables: Columns by table: users (user_id, token), items (item_id, text, role),
            interactions (user_index, item_index, time, weight, part).
        bounds: The numbers that they are held against.

    Returns:
        One finding per expectation, in the order of the suites.
    """
    findings: list[Finding] = []
    for name, expectations in suites(bounds).items():
        order = {expectation.meta["finding"]: at for at, expectation in enumerate(expectations)}
        results = _validate(name, tables[name], expectations)
        found = [finding_of(result) for result in results]
        findings += sorted(found, key=lambda finding: order[finding.name])
    return findings


def suites(bounds: Bounds) -> dict[str, list[Expectation]]:
    """The expectations of each table; ``meta['finding']`` is what must hold, in words."""
    gxe: Any = import_module("great_expectations.expectations")

    def no_nulls(column: str) -> Expectation:
        return _critical(gxe.ExpectColumnValuesToNotBeNull, f"{column} is there", column=column)

    def unique(column: str) -> Expectation:
        return _critical(gxe.ExpectColumnValuesToBeUnique, f"{column} is unique", column=column)

    def between(column: str, low: float, high: float) -> Expectation:
        kind = gxe.ExpectColumnValuesToBeBetween
        name = (
            f"{column} is between {low:g} and {high:g}"
            if high < LARGEST_WEIGHT
            else f"{column} is not negative"
        )
        return _critical(kind, name, column=column, min_value=low, max_value=high)

    lengths = gxe.ExpectColumnValueLengthsToBeBetween
    newest = bounds.latest_time + CLOCK_SLACK
    sane_times = {"column": "time", "min_value": 0, "max_value": newest}
    return {
        USERS: [
            no_nulls("user_id"),
            unique("user_id"),
            _critical(gxe.ExpectColumnValuesToBeIncreasing, "token rises", column="token", strictly=True),
        ],
        ITEMS: [
            no_nulls("item_id"),
            unique("item_id"),
            no_nulls("text"),
            _critical(
                lengths,
                "at least half of the texts say something",
                column="text",
                min_value=1,
                mostly=TEXT_SHARE,
            ),
            _expect(lengths, "every text says something", "warning", column="text", min_value=1),
            between("role", 0, 4),
        ],
        INTERACTIONS: [
            _critical(
                gxe.ExpectCompoundColumnsToBeUnique,
                "no pair stands twice",
                column_list=["user_index", "item_index"],
            ),
            between("user_index", 0, bounds.n_users - 1),
            between("item_index", 0, bounds.n_items - 1),
            _critical(
                gxe.ExpectColumnValuesToBeBetween, "time is known or 0, and not in the future", **sane_times
            ),
            no_nulls("weight"),
            between("weight", 0, LARGEST_WEIGHT),
            between("part", 0, bounds.n_parts - 1),
        ],
    }


def finding_of(result: Mapping[str, Any]) -> Finding:
    """One expectation's result, as Great Expectations writes it to JSON, as a finding."""
    config, outcome = result["expectation_config"], result["result"]
    severity: Severity = "error" if config.get("severity") == "critical" else "warning"
    name = config["meta"]["finding"]
    if not outcome:  # the expectation itself failed, for instance on a missing column
        return Finding(name, False, _exception(result["exception_info"]), "it can be checked", [], severity)
    count = int(outcome["unexpected_count"])
    mostly = config["kwargs"].get("mostly", 1.0)
    allowed = "0 allowed" if mostly == 1 else f"{1 - mostly:.0%} of {outcome['element_count']} allowed"
    offenders = outcome.get("partial_unexpected_index_list") or outcome.get("partial_unexpected_list", [])
    return Finding(
        name, bool(result["success"]), count, allowed, offenders[:SHOWN] if count else [], severity
    )


def _validate(name: str, table: Table, expectations: list[Expectation]) -> list[dict[str, Any]]:
    import pandas as pd

    gx: Any = import_module("great_expectations")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    definition = context.data_sources.add_pandas("memory").add_dataframe_asset(name)
    frame = pd.DataFrame(dict(table))
    whole = definition.add_batch_definition_whole_dataframe("all")
    batch = whole.get_batch(batch_parameters={"dataframe": frame})
    result_format = {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": NAMED_BY[name],
        "partial_unexpected_count": SHOWN,
    }
    validated = batch.validate(
        gx.ExpectationSuite(name, expectations=expectations), result_format=result_format
    )
    results: list[dict[str, Any]] = validated.to_json_dict()["results"]
    return results


def _critical(kind: Any, name: str, **arguments: Any) -> Expectation:
    return _expect(kind, name, "critical", **arguments)


def _expect(kind: Any, name: str, severity: str, **arguments: Any) -> Expectation:
    return kind(severity=severity, meta={"finding": name}, **arguments)


def _exception(info: Mapping[str, Any]) -> str:
    nested = info if "exception_message" in info else next(iter(info.values()), {})
    return str(nested.get("exception_message", "the expectation could not be evaluated"))
