"""Report: findings at rest, as JSON for machines, Markdown for terminals and one HTML page for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.comparison import Comparison
from evaluation.findings import EpochLoss, Findings, ReliabilityCurve
from evaluation.report_markdown import markdown
from evaluation.row import Row

__all__ = ["Comparison", "EpochLoss", "Findings", "ReliabilityCurve", "Report", "Row"]


@dataclass(frozen=True)
class Report(Findings):
    """Findings that can be written to a folder and read back; built like :class:`Findings`."""

    def save(self, directory: Path) -> None:
        """Write ``report.json``, ``report.md`` and ``report.html``.

        Args:
            directory: An existing folder.
        """
        (directory / "report.json").write_text(self.to_json(), encoding="utf-8")
        (directory / "report.md").write_text(self.to_markdown(), encoding="utf-8")
        (directory / "report.html").write_text(self.to_html(), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Report:
        """Read ``report.json`` back; the other two files are views of it.

        Args:
            directory: A folder that :meth:`save` wrote.

        Raises:
            FileNotFoundError: If there is no ``report.json``.
        """
        return cls.from_json((directory / "report.json").read_text(encoding="utf-8"))

    def to_json(self) -> str:
        """All findings as JSON; nan and infinity are refused.

        Raises:
            ValueError: If a number is not finite.
        """
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The inverse of :meth:`to_json`.

        Args:
            text: JSON of a report.

        Raises:
            ValueError: If the text is not JSON of a report.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            content["rows"] = [Row(**row) for row in content["rows"]]
            content["comparisons"] = [Comparison(**one) for one in content["comparisons"]]
            curves = content["reliability"].items()
            content["reliability"] = {name: ReliabilityCurve(**curve) for name, curve in curves}
            losses = content["losses"].items()
            content["losses"] = {name: [EpochLoss(**epoch) for epoch in curve] for name, curve in losses}
            return cls(**content)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a report: {error}; was report.json written by another version?") from error

    def to_markdown(self) -> str:
        """The tables as Markdown."""
        return markdown(self)

    def to_html(self) -> str:
        """One self-contained HTML page with plots."""
        from evaluation.report_page import page  # plotting takes a second to load, in every process

        return page(self)
