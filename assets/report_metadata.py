"""What a report is made from, and what it shows on its materialization."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.scorers import OURS, PRODUCT
from assets.station_record import StationRecord
from data.snapshot import Snapshot
from evaluation.compile_report import Origin
from evaluation.findings import EpochLoss
from evaluation.report import Report
from evaluation.report_plots import report_plot_png
from evaluation.row import Row

SHOWN = (("recall", 20), ("ndcg", 20))


def origin(snapshot: Snapshot, records: Sequence[StationRecord]) -> Origin:
    """Who is judged, on what, with the loss curves of the training stations."""
    return Origin(
        model=PRODUCT,
        snapshot_key=snapshot.key,
        snapshot_hash=snapshot.content_hash,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        losses={
            record.station: [EpochLoss(int(e["step"]), e["loss"], e.get("validation")) for e in record.epochs]
            for record in records
            if record.epochs
        },
        notes=list(snapshot.manifest.warnings),
    )


def report_metadata(report: Report) -> dict[str, Any]:
    """Metadata of the materialization; the picture is small enough for the event log."""
    picture = base64.b64encode(report_plot_png(report)).decode()
    numbers = {
        f"{model}_cold_{metric}_at_{k}": row.value
        for model in OURS
        for metric, k in SHOWN
        if (row := _cold_row(report, model, metric, k)) is not None
    }
    return {
        **numbers,
        "models": len(report.models),
        "cold_test": dg.MetadataValue.table(_cold_table(report)),
        "plot": dg.MetadataValue.md(f"![the report in one picture](data:image/png;base64,{picture})"),
    }


def _cold_table(report: Report) -> list[dg.TableRecord]:
    records = []
    for model in report.models:
        values: dict[str, str | int | float | bool] = {"model": model}
        for metric, k in SHOWN:
            row = _cold_row(report, model, metric, k)
            values[f"{metric}@{k}"] = "" if row is None else round(row.value, 4)
        records.append(dg.TableRecord(values))
    return records


def _cold_row(report: Report, model: str, metric: str, k: int) -> Row | None:
    where = {"side": "user", "setting": "cold", "phase": "test", "evaluator": "B"}
    return report.find(model=model, metric=metric, k=k, **where)
