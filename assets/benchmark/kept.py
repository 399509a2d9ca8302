"""Figures of trainings that stand among the documents, so that a table can go on where another machine left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.benchmark.units import Unit
from data.errors import InputError

if TYPE_CHECKING:
    from evaluation.unit_figures import UnitFigures


@dataclass(frozen=True)
class Kept:
    """One file of figures a training; the lists themselves are too large to be kept beside the code.

    Attributes:
        directory: Made when the first file is written.
        language_model: Of the text vectors; figures of another one are not taken over.
    """

    directory: Path
    language_model: str = "embedded"

    def path(self, unit: Unit) -> Path:
        """Where a training's figures lie."""
        return self.directory / f"{unit.name}.npz"

    def figures(self, unit: Unit) -> "UnitFigures | None":
        """What is kept of a training of just these settings; None if nothing is.

        Raises:
            InputError: If the file is damaged.
        """
        from evaluation.unit_figures import UnitFigures

        path = self.path(unit)
        if not path.exists():
            return None
        try:
            found = UnitFigures.load(path)
        except ValueError as error:
            raise InputError(f"{error}; delete the file to run {unit.name} again") from error
        return found if found.head.get("settings") == unit.settings(self.language_model) else None

    def keep(self, unit: Unit, figures: "UnitFigures") -> None:
        """Write, or write over."""
        self.directory.mkdir(parents=True, exist_ok=True)
        figures.save(self.path(unit))
