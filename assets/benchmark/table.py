"""From the kept lists of all whole units to the table."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.benchmark.inputs import Inputs
from assets.benchmark.near_duplicates import NearDuplicates, near_duplicates
from assets.benchmark.record import Records
from assets.benchmark.units import Unit
from data.errors import InputError

if TYPE_CHECKING:
    from assets.benchmark.run import BenchmarkRequest
    from data.snapshot import Snapshot
    from evaluation.benchmark_row import BenchmarkRow
    from evaluation.comparison import Comparison
    from evaluation.evaluation_input import EvaluationInput
    from evaluation.speed import SpeedRow
    from evaluation.unit_figures import UnitFigures
    from evaluation.user_side import UserSide

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


def figures_of(
    records: Records, unit: Unit, data: "EvaluationInput", probe: "NearDuplicates | None"
) -> "UnitFigures":
    """All that the tables say of one unit: computed where its lists are here, else taken from the documents.

    Args:
        records: Where units rest.
        unit: Whole here, or kept.
        data: The judges' arrays of the data it was run on.
        probe: Of these data's texts; None where no text vectors were read.
    """
    from evaluation.funnel import FunnelFigure
    from evaluation.ranked_lists import RankedLists, user_side_of
    from evaluation.unit_figures import PAIRED, UnitFigures, paired_values

    if records.status(unit).state == "kept":
        return records.kept_figures(unit)
    sides, duplicates = {}, []
    for model in unit.entry.models:
        lists = RankedLists.load_one(records.lists(unit, model), PAIRED)
        if lists is not None:
            sides[model] = paired_values(user_side_of(lists, data, key=PAIRED))
            duplicates += probe.figures(lists, model=model, seed=unit.seed) if probe else []
    return UnitFigures(
        head=records.head(unit),
        rows=rows_of(records, unit, data),
        sides=sides,
        funnel=[FunnelFigure(**figure) for figure in records.funnel(unit)],
        duplicates=duplicates,
    )


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
    from filelock import FileLock

    request.out.mkdir(parents=True, exist_ok=True)  # nothing was written where all figures are taken over
    with FileLock(request.out / ".table.lock"):  # another command may end at the same moment
        return _write_table(request, snapshot, data, units)


def _write_table(
    request: "BenchmarkRequest", snapshot: "Snapshot", data: "EvaluationInput", units: Sequence[Unit]
) -> list[Unit]:
    from assets.benchmark.about import about, write_ids
    from assets.benchmark.documents import name_of, write_documents
    from evaluation.benchmark import Benchmark
    from evaluation.benchmark_comparison import mean_over_seeds
    from evaluation.benchmark_row import of_phases
    from evaluation.user_values import UserValues

    records = request.records()
    found = [records.status(unit) for unit in units]
    there = [one for one in found if one.state in ("done", "kept")]
    for one in there:
        records.require_data(one.unit, snapshot.content_hash)
    inputs = Inputs(snapshot, request.out / "cache", language_model=request.language_model)
    judged_here = any(one.state == "done" for one in there)
    probed = judged_here and (inputs.has_features() or any(records.was_probed(one.unit) for one in there))
    probe = near_duplicates(inputs, data) if probed else None
    figures = [figures_of(records, one.unit, data, probe) for one in there]
    sides = _sides(figures)
    rows = [row for one in figures for row in one.rows]
    benchmark = Benchmark(
        about={**about(snapshot, language_model=request.language_model), **_trained(figures)},
        rows=of_phases(rows, "validation", "test"),
        over_both_phases=of_phases(rows, "both"),
        comparisons=_comparisons(sides),
        funnel=[figure for one in figures for figure in one.funnel],
        speed=_speed(request),
        near_duplicates=[figure for one in figures for figure in one.duplicates],
    )
    benchmark.save(request.out)
    write_ids(snapshot, request.out)
    if sides:
        means = {model: mean_over_seeds(list(of_seed.values())) for model, of_seed in sides.items()}
        UserValues.of_sides(means, np.asarray(snapshot.users.ids)).save(request.out)
    if request.docs is not None:
        write_documents(request.docs, name_of(request.data), benchmark)
    if records.kept is not None:
        for one, its in zip(there, figures, strict=True):
            if one.state == "done":
                records.kept.keep(one.unit, its)
    return [one.unit for one in found if one.state == "stale"]


def _speed(request: "BenchmarkRequest") -> "list[SpeedRow]":
    """What the speed command left in the folder, else among the documents, if it did."""
    from assets.benchmark.documents import FOLDER
    from evaluation.speed import SpeedRow

    folders = [request.out, *([] if request.docs is None else [request.docs / FOLDER])]
    path = next((at for folder in folders if (at := folder / SPEED).exists()), None)
    if path is None:
        return []
    try:
        return [SpeedRow(**row) for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not what coldcast benchmark speed writes ({error}); run that again"
        ) from error


DIGEST_SHOWN = 16
"""Characters of a digest that tell settings apart."""


def _trained(figures: "Sequence[UnitFigures]") -> dict[str, Any]:
    """At which commits and on which days the units were trained, and with which settings each."""
    days = sorted({str(one.head["date"])[:10] for one in figures if "date" in one.head})
    return {
        "trained_at": sorted({one.head.get("commit") or "unknown" for one in figures}),
        "trained_on": days,
        "settings": {one.head["unit"]: one.head["settings"][:DIGEST_SHOWN] for one in figures},
    }


def _sides(figures: "Sequence[UnitFigures]") -> "dict[str, dict[int, UserSide]]":
    """Each user's values by model and seed."""
    sides: dict[str, dict[int, UserSide]] = {}
    for one in figures:
        for model, side in one.sides.items():
            sides.setdefault(model, {})[one.rows[0].seed] = side
    return sides


def _comparisons(sides: "dict[str, dict[int, UserSide]]") -> "list[Comparison]":
    from evaluation.benchmark_comparison import compare_with

    return [one for reference in REFERENCES for one in compare_with(sides, reference)]
