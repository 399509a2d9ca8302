"""The probe in the table: from kept lists, for every model, once text vectors are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets.benchmark.registry import ENTRIES
from assets.benchmark.run import run_benchmark
from data.snapshot import Snapshot
from tests.assets.benchmark.worlds import keep_features, request

pytestmark = pytest.mark.usefixtures("read_once")


def rows(out: Path, name: str) -> list[dict[str, Any]]:
    """One list of ``benchmark.json``."""
    found: list[dict[str, Any]] = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))[name]
    return found


def test_every_model_is_judged_again(world: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    keep_features(tmp_path, snapshot.content_hash)
    run_benchmark(request(world, tmp_path, only=("ridge", "popularity")), entries=ENTRIES)
    probed = rows(tmp_path, "near_duplicates")
    assert {row["model"] for row in probed} == {"ridge", "popularity"}
    whole = {(row["model"], row["metric"]): row["value"] for row in probed if row["threshold"] is None}
    place = ("test", "cold", "user", "B", 20)
    for row in rows(tmp_path, "rows"):
        if tuple(row[key] for key in ("phase", "setting", "side", "evaluator", "k")) == place:
            assert whole.get((row["model"], row["metric"]), row["value"]) == row["value"]
    items = {row["threshold"]: row["items"] for row in probed}
    assert all(
        items[None] > left for threshold, left in items.items() if threshold
    )  # topics lie close together


def test_a_table_of_models_that_read_no_text_has_no_probe(world: Path, tmp_path: Path) -> None:
    run_benchmark(request(world, tmp_path, only=("popularity",)), entries=ENTRIES)
    assert rows(tmp_path, "near_duplicates") == []
