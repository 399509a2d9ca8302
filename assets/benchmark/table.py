"""From the kept lists of all whole units to the table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.benchmark.inputs import Inputs
from assets.benchmark.near_duplicates import near_duplicate_figures
from assets.benchmark.record import Records
from assets.benchmark.units import Unit
from data.errors import InputError

if TYPE_CHECKING:
    from assets.benchmark.run import BenchmarkRequest
    from data.snapshot import Snapshot
    from evaluation.benchmark_row import BenchmarkRow
    from evaluation.comparison import Comparison
    from evaluation.evaluation_input import EvaluationInput
    from evaluation.ranked_lists import ListKey
    from evaluation.speed import SpeedRow
    from evaluation.user_side import UserSide

PAIRED: "ListKey" = ("cold", "test", "B")
REFERENCES = ("default", "ridge")
SPEED = "speed.json"


def rows_of(records: Records, unit: Unit, data: "EvaluationInput") -> "list[BenchmarkRow]":
    """Every figure of one whole unit, computed from its lists.

    Args:
        records: Where units rest.
        unit: A whole unit.
        data: The judges' arrays of the data it was run on.

    Returns:
        Rows of its models in order, those over both phases among them.
    """
    from evaluation.benchmark_row import Trained, benchmark_rows
    from evaluation.ranked_lists import RankedLists, judgement_of

    rows: list[BenchmarkRow] = []
    for made in records.head(unit)["models"]:
        trained = Trained(**made)
        judgement = judgement_of(RankedLists.load(records.lists(unit, trained.model)), data)
        rows += benchmark_rows(judgement, trained)
    return rows


def write_table(
    request: "BenchmarkRequest", snapshot: "Snapshot", data: "EvaluationInput", *, units: Sequence[Unit]
) -> list[Unit]:
    """Write ``benchmark.json``, ``.md``, ``.html`` and ``ids.npz``, and the copy among the documents if wanted.

    Args:
        request: Names the folders.
        snapshot: The data.
        data: The same as the judges see it.
        units: All that may be there; those that are not whole, or of other settings, are left out.

    Returns:
        The whole units of other settings.

    Raises:
        InputError: If a unit is of other data.
    """
    from assets.benchmark.about import about, write_ids
    from assets.benchmark.documents import name_of, write_documents
    from evaluation.benchmark import Benchmark
    from evaluation.benchmark_row import of_phases
    from evaluation.funnel import FunnelFigure
    from evaluation.user_values import UserValues

    inputs = Inputs(snapshot, request.out / "cache", language_model=request.language_model)
    records = request.records()
    found = [records.status(unit) for unit in units]
    whole = [one.unit for one in found if one.state == "done"]
    for unit in whole:
        records.require_data(unit, snapshot.content_hash)
    sides = _sides(records, whole, data)
    rows = [row for unit in whole for row in rows_of(records, unit, data)]
    benchmark = Benchmark(
        about={
            **about(snapshot, language_model=request.language_model),
            "trained_at": _commits(records, whole),
        },
        rows=of_phases(rows, "validation", "test"),
        over_both_phases=of_phases(rows, "both"),
        comparisons=_comparisons(sides),
        funnel=[FunnelFigure(**figure) for unit in whole for figure in records.funnel(unit)],
        speed=_speed(request.out),
        near_duplicates=near_duplicate_figures(inputs, data, records, whole),
    )
    benchmark.save(request.out)
    write_ids(snapshot, request.out)
    if sides:
        UserValues.of_sides(sides, np.asarray(snapshot.users.ids)).save(request.out)
    if request.docs is not None:
        write_documents(request.docs, name_of(request.data), benchmark)
    return [one.unit for one in found if one.state == "stale"]


def _speed(out: Path) -> "list[SpeedRow]":
    """What the speed command left in the folder, if it did."""
    from evaluation.speed import SpeedRow

    path = out / SPEED
    if not path.exists():
        return []
    try:
        return [SpeedRow(**row) for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not what coldcast benchmark speed writes ({error}); run that again"
        ) from error


def _commits(records: Records, units: Sequence[Unit]) -> list[str]:
    """The commits that the units were trained at."""
    return sorted({records.head(unit).get("commit") or "unknown" for unit in units})


def _sides(records: Records, units: Sequence[Unit], data: "EvaluationInput") -> "dict[str, UserSide]":
    """Each user's values of every model, seeds averaged."""
    from evaluation.benchmark_comparison import mean_over_seeds
    from evaluation.ranked_lists import RankedLists, user_side_of

    sides: dict[str, list[UserSide]] = {}
    for unit in units:
        for model in unit.entry.models:
            items = RankedLists.load_one(records.lists(unit, model), PAIRED)
            if items is not None:
                sides.setdefault(model, []).append(user_side_of(items, data, key=PAIRED))
    return {model: mean_over_seeds(found) for model, found in sides.items()}


def _comparisons(sides: "dict[str, UserSide]") -> "list[Comparison]":
    from evaluation.benchmark_comparison import compare_with

    return [one for reference in REFERENCES for one in compare_with(sides, reference)]
