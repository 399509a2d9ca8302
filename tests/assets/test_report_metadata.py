"""What a report says about its origin, and what it shows in the UI."""

from __future__ import annotations

import base64

import dagster as dg

from assets.report_metadata import origin, report_metadata
from assets.scorers import DIRECT, PRODUCT
from assets.station_record import StationRecord
from evaluation.report import Report
from evaluation.row import Row
from tests.assets.versions import snapshot


def test_the_origin_names_the_snapshot_and_the_curves() -> None:
    trained = StationRecord("bpr_embeddings", {})
    trained.epoch(1, {"loss": 0.7, "validation": 0.1})
    trained.epoch(2, {"loss": 0.6})
    found = origin(snapshot(), [trained, StationRecord("registered_model", {})])
    assert (found.model, found.snapshot_key, found.snapshot_hash) == (PRODUCT, "000001-hash", "hash")
    assert found.notes == ["careful"]
    assert list(found.losses) == ["bpr_embeddings"]
    assert [(one.epoch, one.loss, one.validation) for one in found.losses["bpr_embeddings"]] == [
        (1, 0.7, 0.1),
        (2, 0.6, None),
    ]


def row(model: str, metric: str, value: float) -> Row:
    return Row(
        model=model,
        side="user",
        setting="cold",
        phase="test",
        evaluator="B",
        metric=metric,
        k=20,
        value=value,
        low=value,
        high=value,
        n=300,
        warning="",
    )


def test_the_metadata_hold_our_numbers_every_model_and_a_picture() -> None:
    rows = [
        row(PRODUCT, "recall", 0.12345),
        row(PRODUCT, "ndcg", 0.2),
        row(DIRECT, "recall", 0.3),
        row("ridge", "recall", 0.4),
    ]
    report = Report(
        model=PRODUCT,
        snapshot_key="key",
        snapshot_hash="hash",
        created_at="2024-01-01T00:00:00+00:00",
        rows=rows,
    )
    shown = report_metadata(report)
    assert shown["default_cold_recall_at_20"] == 0.12345
    assert shown["filterllm_cold_recall_at_20"] == 0.3
    assert "filterllm_cold_ndcg_at_20" not in shown  # not in the report
    assert "ridge_cold_recall_at_20" not in shown  # in the table below
    assert shown["models"] == 3
    table = shown["cold_test"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["model"] for record in table.records] == report.models
    assert {record.data["recall@20"] for record in table.records} == {0.1235, 0.3, 0.4}
    assert [record.data["ndcg@20"] for record in table.records].count("") == 2
    picture = shown["plot"].md_str
    start = picture.index("base64,") + len("base64,")
    assert base64.b64decode(picture[start:-1]).startswith(b"\x89PNG")
    assert len(picture) < 300_000  # it rests in the event log
