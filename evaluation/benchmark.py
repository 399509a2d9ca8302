"""A benchmark at rest: JSON for machines, Markdown for documents, one HTML page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evaluation.audience import AUDIENCE_CUTOFFS
from evaluation.benchmark_claims import DATA_SET, JudgedClaim, claims_tables, judged_claims
from evaluation.benchmark_row import BenchmarkRow
from evaluation.benchmark_table import (
    audience_table,
    comparison_table,
    headline_rows,
    ordered_models,
    user_table,
)
from evaluation.comparison import Comparison
from evaluation.funnel import FunnelFigure, funnel_table
from evaluation.near_duplicates import DuplicateFigure, duplicates_table
from evaluation.report_markdown import as_markdown
from evaluation.report_tables import Table
from evaluation.speed import SpeedRow

TRAINED_ON_PAPERS = (
    "MiniLM was trained on pairs of citing and cited papers, among other things: paper titles flatter every model "
    "that reads them with it."
)


@dataclass(frozen=True)
class Benchmark:
    """All models of a benchmark.

    Attributes:
        about: Data set, split, machine, versions, as JSON values.
        rows: Every figure of phases "validation" and "test".
        over_both_phases: Audience figures over the cold items of both phases together.
        comparisons: Paired differences over users.
        funnel: What each stage lets through, of models that choose users in stages.
        speed: What was measured of speed, if it was.
        near_duplicates: Cold test figures with and without near-duplicates of warm items in the truth.
    """

    about: Mapping[str, Any]
    rows: Sequence[BenchmarkRow]
    over_both_phases: Sequence[BenchmarkRow]
    comparisons: Sequence[Comparison]
    funnel: Sequence[FunnelFigure] = ()
    speed: Sequence[SpeedRow] = ()
    near_duplicates: Sequence[DuplicateFigure] = ()

    @property
    def models(self) -> list[str]:
        """All models, the best first."""
        return ordered_models(self.rows)

    @property
    def claims(self) -> list[JudgedClaim]:
        """The article's claims beside these figures; none of other data than the article's."""
        return judged_claims(self.rows, self.speed) if self.about["data_set"] == DATA_SET else []

    def tables(self) -> list[Table]:
        """The main tables: both evaluators on test, the audience, paired differences, funnels, the article's claims."""
        ordering = headline_rows(self.rows)
        audiences = [audience_table([*ordering, *self.over_both_phases], k=k) for k in AUDIENCE_CUTOFFS]
        found = [
            user_table(self.rows, evaluator="B"),
            user_table(self.rows, evaluator="A"),
            *audiences,
            comparison_table(self.comparisons, self.models),
            duplicates_table(self.near_duplicates, self.models),
            funnel_table(self.funnel),
            *claims_tables(self.claims),
        ]
        return self._cautioned(found)

    def more_tables(self) -> list[Table]:
        """The validation phase, by which settings were chosen, and the other list lengths."""
        found = [user_table(self.rows, evaluator="B", phase="validation")]
        found += [user_table(self.rows, evaluator="B", k=k) for k in (10, 50)]
        return self._cautioned(found)

    @property
    def caution(self) -> str:
        """What every figure on these data must be read with; empty if nothing."""
        papers = self.about["data_set"] == DATA_SET and self.about["language_model"] == "embedded"
        return TRAINED_ON_PAPERS if papers else ""

    def _cautioned(self, tables: Sequence[Table | None]) -> list[Table]:
        """The tables that are there, with the caution in their captions."""
        found = [table for table in tables if table is not None]
        return [replace(table, caption=f"{table.caption} {self.caution}".strip()) for table in found]

    def origin(self) -> str:
        """A sentence on where the figures come from."""
        about = self.about
        machine, days = about["machine"], about.get("trained_on", ())
        trained = f", trained on {', '.join(days)}" if days else ""
        return (
            f"{about['data_set']}, split {about['split_hash'][:12]}; {about['date']}{trained}; "
            f"{machine['cores']} cores, {machine['threads']} threads a process; "
            f"language model {about['language_model']}; "
            f"commit {about['commit'] or 'unknown'}."
        )

    def to_json(self) -> str:
        """Everything, one row a line."""
        head = json.dumps(dict(self.about), indent=1, ensure_ascii=False)
        parts = {
            "rows": [row.to_dict() for row in self.rows],
            "over_both_phases": [row.to_dict() for row in self.over_both_phases],
            "comparisons": [asdict(one) for one in self.comparisons],
            "funnel": [asdict(one) for one in self.funnel],
            "near_duplicates": [asdict(one) for one in self.near_duplicates],
            "claims": [one.to_dict() for one in self.claims],
        }
        lists = ",\n".join(f'"{name}": {_lines(values)}' for name, values in parts.items())
        return f'{{"about": {head},\n{lists}\n}}\n'

    def to_markdown(self) -> str:
        """All tables; ends with a newline."""
        tables = [as_markdown(table) for table in (*self.tables(), *self.more_tables())]
        return "\n\n".join([f"# Benchmark: {self.about['data_set']}", self.origin(), *tables]) + "\n"

    def save(self, directory: Path) -> None:
        """Write ``benchmark.json``, ``benchmark.md`` and ``benchmark.html``, each whole or not at all.

        Args:
            directory: An existing folder.
        """
        from evaluation.benchmark_page import page

        texts = {"json": self.to_json(), "md": self.to_markdown(), "html": page(self)}
        for ending, text in texts.items():
            temporary = directory / f".benchmark.{ending}.writing"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(directory / f"benchmark.{ending}")


def _lines(values: list[dict[str, Any]]) -> str:
    """A JSON list with one value a line."""
    return "[" + ",".join(f"\n{json.dumps(value, ensure_ascii=False)}" for value in values) + "\n]"
