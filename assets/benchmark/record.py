"""What is left of a unit: a folder that is whole, or nothing; a failure beside it says why."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock, Timeout

from assets.benchmark.kept import Kept
from assets.benchmark.units import Unit
from data.errors import InputError

if TYPE_CHECKING:
    from evaluation.unit_figures import UnitFigures

DIGESTS = "digests.json"
HEAD = "unit.json"
FUNNEL = ".funnel.json"
"""Ending of the file of a model's stages, behind the model's name."""

State = Literal["done", "kept", "stale", "failed", "damaged", "missing"]


class UnitBusy(RuntimeError):
    """Another process works on this unit."""


@dataclass(frozen=True)
class UnitStatus:
    """How far one unit is.

    Attributes:
        unit: Which.
        state: ``done`` (whole), ``kept`` (not here, but its figures stand among the documents), ``stale`` (whole,
            of other settings than now), ``failed`` (tried, and not again since), ``damaged`` or ``missing``.
        seconds: Wall time of training and ranking; None before the first try.
        note: First line of the error, or "".
    """

    unit: Unit
    state: State
    seconds: float | None = None
    note: str = ""


class Records:
    """The units below a folder.

    Args:
        directory: Made when the first unit is written.
        language_model: Of the text vectors; units of another one are stale.
        kept: Figures among the documents, taken for units that are not whole here; None: none are.
    """

    def __init__(
        self, directory: Path, *, language_model: str = "embedded", kept: Kept | None = None
    ) -> None:
        self.directory = directory
        self.language_model = language_model
        self.kept = kept

    def folder(self, unit: Unit) -> Path:
        """Where a finished unit lies: ``unit.json``, one file of lists a model, ``digests.json``."""
        return self.directory / unit.name

    def lists(self, unit: Unit, model: str) -> Path:
        """The file of one model's lists."""
        return self.folder(unit) / f"{model}.npz"

    def status(self, unit: Unit) -> UnitStatus:
        """Look at what is there, here first; digests are computed."""
        here = self._status_here(unit)
        if here.state == "done" or self.kept is None:
            return here
        figures = self.kept.figures(unit)
        if figures is None:
            return here
        notes = ["its figures stand among the documents", _still_rising(figures.head)]
        return UnitStatus(unit, "kept", float(figures.head["seconds"]), "; ".join(filter(None, notes)))

    def _status_here(self, unit: Unit) -> UnitStatus:
        folder = self.folder(unit)
        if folder.is_dir():
            if not is_whole(folder):
                return UnitStatus(unit, "damaged", note="a file is missing or changed: it is run again")
            head = self.head(unit)
            if head.get("settings") != self.settings(unit):
                note = "its settings are others now: it is run again"
                return UnitStatus(unit, "stale", float(head["seconds"]), note)
            return UnitStatus(unit, "done", float(head["seconds"]), _still_rising(head))
        failure = _read_json(self._failure(unit))
        if failure is not None:
            return UnitStatus(unit, "failed", float(failure["seconds"]), str(failure["error"]))
        return UnitStatus(unit, "missing")

    def settings(self, unit: Unit) -> str:
        """Digest of what the unit would be trained with now."""
        return unit.settings(self.language_model)

    def head(self, unit: Unit) -> dict[str, Any]:
        """What ``unit.json`` says of a whole unit."""
        head: dict[str, Any] = json.loads((self.folder(unit) / HEAD).read_text(encoding="utf-8"))
        return head

    def kept_figures(self, unit: Unit) -> "UnitFigures":
        """The figures of a unit whose state is ``kept``."""
        figures = None if self.kept is None else self.kept.figures(unit)
        if figures is None:
            raise LookupError(f"no figures of {unit.name} stand among the documents")
        return figures

    def was_probed(self, unit: Unit) -> bool:
        """Whether the documents hold the unit's figures without near-duplicates."""
        figures = None if self.kept is None else self.kept.figures(unit)
        return figures is not None and bool(figures.duplicates)

    def funnel(self, unit: Unit) -> list[dict[str, Any]]:
        """What the stages of a whole unit's models let through; empty where no model has stages."""
        files = sorted(self.folder(unit).glob(f"*{FUNNEL}"))
        return [figure for file in files for figure in json.loads(file.read_text(encoding="utf-8"))]

    def require_data(self, unit: Unit, data: str) -> None:
        """Refuse a unit of other data, be it here or among the documents.

        Raises:
            InputError: If the unit was run on other data or another split.
        """
        if self.kept is not None and self.status(unit).state == "kept":
            place, found = self.kept.path(unit), self.kept_figures(unit).head["data"]
            way_out = "delete it, or leave --docs out"
        else:
            place, found = self.folder(unit), self.head(unit)["data"]
            way_out = "give another folder with --out"
        if found != data:
            raise InputError(
                f"{place} was run on data {found[:12]}, but these data are {data[:12]}; {way_out}"
            )

    @contextmanager
    def writing(self, unit: Unit) -> Iterator[Path]:
        """A temporary folder that becomes the unit's, whole, when the body ends.

        A process killed inside leaves the unit missing; what it left is removed by the next one.

        Raises:
            UnitBusy: If another process writes the same unit.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.directory / f".{unit.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UnitBusy(f"{unit.name} is being run by another process") from None
        temporary = self.directory / f".{unit.name}.writing"
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            yield temporary
            self._finish(unit, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            lock.release()

    def fail(self, unit: Unit, *, error: str, trace: str, seconds: float) -> None:
        """Leave a note instead of a folder; the next run tries again."""
        content = {"unit": unit.name, "error": error, "trace": trace, "seconds": seconds}
        self._failure(unit).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _finish(self, unit: Unit, temporary: Path) -> None:
        files = sorted(temporary.iterdir())
        digests = {"unit": unit.name, **{file.name: _digest(file) for file in files}}
        (temporary / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
        for path in (*files, temporary / DIGESTS, temporary):
            _sync(path)
        shutil.rmtree(self.folder(unit), ignore_errors=True)  # a damaged or stale one
        temporary.rename(self.folder(unit))
        _sync(self.directory)
        self._failure(unit).unlink(missing_ok=True)

    def _failure(self, unit: Unit) -> Path:
        return self.directory / f"{unit.name}.failed.json"


def _still_rising(head: Mapping[str, Any]) -> str:
    """Which trainings were at their best in the last epoch that they were allowed; "" if none."""
    those = [
        one for one in head.get("trainings", []) if one["best"] is not None and one["best"] == one["at_most"]
    ]
    return ", ".join(f"{one['of']}: best in the last of {one['at_most']} epochs" for one in those)


def is_whole(folder: Path) -> bool:
    """Whether every file of a unit's folder is there with the digest it was written with."""
    digests = _read_json(folder / DIGESTS)
    if digests is None or digests.pop("unit", None) != folder.name or HEAD not in digests:
        return False
    return all((folder / name).is_file() and _digest(folder / name) == d for name, d in digests.items())


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # not there, not UTF-8, not JSON
        return None
    return found if isinstance(found, dict) else None


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
