"""Run what is missing, write the table of what is there."""

import json
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.benchmark.about import commit
from assets.benchmark.data_choice import DataChoice
from assets.benchmark.documents import FOLDER, name_of, require_place
from assets.benchmark.entry import MOST_SEEDS, Entry, Scored
from assets.benchmark.kept import Kept
from assets.benchmark.record import FUNNEL, HEAD, Records, UnitBusy, UnitStatus
from assets.benchmark.registry import ENTRIES
from assets.benchmark.units import Unit, chosen_entries, units_of
from data.errors import InputError

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs
    from evaluation.evaluation_input import EvaluationInput
    from evaluation.ranked_lists import ListKey

FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What ends a unit and not the run; a full disk, an interrupt and the like end the run."""

Bars = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class BenchmarkRequest:
    """What is asked for.

    Attributes:
        data: Data set and split.
        out: Folder of the units, the shared vectors and the table.
        seeds: Seeds at most, 1 to 5.
        only: Names of models; all if empty.
        quick: One seed of the product and the closed forms.
        language_model: ``embedded``, a folder or a Hugging Face id.
        docs: Folder of documents into which table and figures are copied, and whose figures of trainings that
            are not in ``out`` are taken over; None: none.

    Raises:
        InputError: If ``seeds`` is out of range, or the documents have no place for the table.
    """

    data: DataChoice
    out: Path
    seeds: int = MOST_SEEDS
    only: tuple[str, ...] = ()
    quick: bool = False
    language_model: str = "embedded"
    docs: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise InputError(f"--seeds must be 1 to {MOST_SEEDS}, got {self.seeds}")
        if self.docs is not None:
            require_place(self.docs, name_of(self.data))

    def units(self, entries: Sequence[Entry] = ENTRIES) -> list[Unit]:
        """The units that are asked for; raises ``InputError`` if a model is unknown."""
        chosen = chosen_entries(entries, only=self.only, quick=self.quick)
        return units_of(chosen, seeds=1 if self.quick else self.seeds)

    def records(self) -> Records:
        """Where units rest."""
        kept = (
            None if self.docs is None else Kept(self.docs / FOLDER / name_of(self.data), self.language_model)
        )
        return Records(self.out / "units", language_model=self.language_model, kept=kept)


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        done: Units that were run now, were whole already, or whose figures are taken over.
        failed: Units with the first line of their error.
        elsewhere: Units that another process was at.
    """

    done: list[Unit] = field(default_factory=list)
    failed: list[tuple[Unit, str]] = field(default_factory=list)
    elsewhere: list[Unit] = field(default_factory=list)


def unit_statuses(request: BenchmarkRequest, entries: Sequence[Entry] = ENTRIES) -> list[UnitStatus]:
    """How far every unit that is asked for is; reads no data."""
    records = request.records()
    return [records.status(unit) for unit in request.units(entries)]


def run_benchmark(
    request: BenchmarkRequest,
    *,
    entries: Sequence[Entry] = ENTRIES,
    bars: Bars = lambda station, done, total, note: None,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Run every unit that is not whole, or was run with other settings, one after the other; write the table.

    A unit that fails is recorded with its error, and the others go on. A process killed at any moment loses
    the unit it was at. Several processes may share the folder: each takes units that no other is at.

    Args:
        request: What to run.
        entries: The registry.
        bars: Told ``(station, done, total, note)`` while something moves.
        say: Told one line about each unit that ends.

    Returns:
        What was done; ``benchmark.json``, ``.md`` and ``.html`` lie in ``request.out``.

    Raises:
        InputError: If a model is unknown, the data cannot be read, or the folder holds units of other data.
    """
    from assets.benchmark.inputs import Inputs
    from assets.benchmark.table import write_table
    from assets.judging import evaluation_input

    units, records = request.units(entries), request.records()
    bars("units", 0, len(units), "reading the data")
    snapshot = request.data.snapshot()
    data = evaluation_input(snapshot)
    inputs = Inputs(
        snapshot,
        request.out / "cache",
        language_model=request.language_model,
        epochs=lambda done, total, note: bars("epochs", done, total, note),
    )
    outcome, code = Outcome(), commit()  # of the start: what is loaded stays as it was
    for number, unit in enumerate(units):
        bars("units", number, len(units), unit.name)
        _do(unit, records, (inputs, data), code=code, outcome=outcome, say=say)
    bars("units", len(units), len(units), "writing the table")
    if outcome.done:
        every = replace(request, only=(), quick=False, seeds=MOST_SEEDS)
        left_out = write_table(every, snapshot, data, units=every.units(entries))
        if left_out:
            say(f"of other settings, so not in the table: {', '.join(unit.name for unit in left_out)}")
    return outcome


def _do(
    unit: Unit,
    records: Records,
    given: "tuple[Inputs, EvaluationInput]",
    *,
    code: str | None,
    outcome: Outcome,
    say: Callable[[str], None],
) -> None:
    """Run one unit, or find that it is whole; note what came of it."""
    state = records.status(unit).state
    if state in ("done", "kept", "stale"):
        records.require_data(unit, given[0].snapshot.content_hash)
    if state in ("done", "kept"):
        outcome.done.append(unit)
        say(f"done already  {unit.name}" if state == "done" else f"kept          {unit.name}")
        return
    started = time.perf_counter()
    try:
        note = _train_and_rank(unit, records, given, code=code)
    except UnitBusy as busy:
        outcome.elsewhere.append(unit)
        say(f"elsewhere     {busy}")
    except FAILURES as error:
        first = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        seconds = time.perf_counter() - started
        records.fail(unit, error=first, trace=traceback.format_exc(), seconds=seconds)
        outcome.failed.append((unit, first))
        say(f"FAILED        {unit.name}  {seconds:,.0f} s  {first}")
    else:
        outcome.done.append(unit)
        say(f"done          {unit.name}  {time.perf_counter() - started:,.0f} s  {note}")


def _train_and_rank(
    unit: Unit, records: Records, given: "tuple[Inputs, EvaluationInput]", *, code: str | None
) -> str:
    """Train, rank and keep the lists; gives the headline figures in words."""
    from evaluation.benchmark_row import Trained
    from evaluation.ranked_lists import rank_everything

    inputs, data = given
    started, ranking = time.perf_counter(), 0.0
    trained: list[dict[str, Any]] = []
    notes: list[str] = []
    with records.writing(unit) as folder:
        clock = inputs.start_clock()
        for scored in unit.entry.build(inputs, unit.seed):
            seconds, paused = clock() - ranking, time.perf_counter()
            lists = rank_everything(scored.scorer, data, audience=scored.audience)
            lists.save(folder / f"{scored.model}.npz")
            _write_funnel(folder, scored, data, seed=unit.seed)
            trained.append(asdict(Trained(scored.model, unit.seed, round(seconds, 3), scored.dtype)))
            notes.append(_headline(scored.model, lists, data))
            ranking += time.perf_counter() - paused
        _require_models(unit, [str(one["model"]) for one in trained])
        head = {
            "unit": unit.name,
            "data": inputs.snapshot.content_hash,
            "settings": records.settings(unit),
            "commit": code,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "models": trained,
            "trainings": [asdict(one) for one in inputs.trainings()],
            "seconds": time.perf_counter() - started,
        }
        (folder / HEAD).write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    return "; ".join(note for note in notes if note)


def _write_funnel(folder: Path, scored: Scored, data: "EvaluationInput", *, seed: int) -> None:
    """What each stage of choosing users lets through, beside the lists; nothing for models without stages."""
    from evaluation.funnel import funnel_figures

    if not scored.stages:
        return
    found = [
        asdict(figure)
        for stage, users in scored.stages.items()
        for figure in funnel_figures(users, data, model=scored.model, seed=seed, stage=stage)
    ]
    (folder / f"{scored.model}{FUNNEL}").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _headline(model: str, lists: Any, data: "EvaluationInput") -> str:
    from evaluation.ranked_lists import user_side_of

    key: ListKey = ("cold", "validation", "B")
    if key not in lists.users:
        return ""
    values = user_side_of(lists.users[key], data, key=key).values
    found = values["recall", 20].mean(), values["ndcg", 20].mean()
    return f"{model}: cold validation Recall@20 {found[0]:.4f}, NDCG@20 {found[1]:.4f}"


def _require_models(unit: Unit, given: list[str]) -> None:
    if sorted(given) != sorted(unit.entry.models):
        raise ValueError(f"{unit.name} must give {list(unit.entry.models)}, it gave {given}")
