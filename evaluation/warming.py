"""How cold items get warm: figures at 0, 1, 3, ... real interactions per item, as JSON, Markdown and one plot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.array_types import Values
from evaluation.protocol import RankingTask, rank_for_users
from evaluation.report_markdown import as_markdown
from evaluation.report_tables import METRIC_TITLES, Cell, Table
from evaluation.scorer import Scorer
from evaluation.uncertainty import bootstrap_interval, paired_difference
from evaluation.user_side import metric_values

CUTOFF = 20
METRICS = ("recall", "ndcg")
NAME = "warming"

PerUser = Mapping[str, Values]
"""By metric, one value per judged user, shape (n,)."""


@dataclass(frozen=True)
class WarmingFigure:
    """One number of a curve.

    Attributes:
        method: How items are scored.
        revealed: Real interactions of each item.
        metric: "recall" or "ndcg", at 20.
        value: Mean over users.
        low: Lower end of its 95 % interval.
        high: Upper end.
        ahead: By how much the first method is ahead of this one, over the same users.
        ahead_low: Lower end of its paired 95 % interval.
        ahead_high: Upper end.
        n: Users.
    """

    method: str
    revealed: int
    metric: str
    value: float
    low: float
    high: float
    ahead: float
    ahead_low: float
    ahead_high: float
    n: int


@dataclass(frozen=True)
class Trial:
    """One setting on cold validation items.

    Attributes:
        settings: What was tried.
        value: Mean of NDCG@20 over the steps at which something is revealed.
    """

    settings: Mapping[str, float]
    value: float


@dataclass(frozen=True)
class Warming:
    """The study.

    Attributes:
        about: Data set, split, draw, items and pairs, as JSON values.
        trials: What was tried on validation, in the order tried.
        figures: On test, the first method first.
    """

    about: Mapping[str, Any]
    trials: Sequence[Trial]
    figures: Sequence[WarmingFigure]

    @property
    def chosen(self) -> Trial:
        """The best on validation; the first of equals."""
        return max(self.trials, key=lambda trial: trial.value)

    def tables(self) -> list[Table]:
        """Test figures per metric, what the first method is ahead by, and the trials on validation."""
        return [
            *(self._table(metric) for metric in METRICS),
            self._ahead_table("ndcg"),
            _trial_table(self.trials, self.chosen),
        ]

    def to_markdown(self) -> str:
        """All tables; ends with a newline."""
        title = f"# Real interactions of cold items: {self.about['data_set']}"
        return "\n\n".join([title, self.origin(), *(as_markdown(table) for table in self.tables())]) + "\n"

    def origin(self) -> str:
        """What was done, on what, and what each method is."""
        about = self.about
        head = (
            f"Cold items with more than {about['pool']} interactions ({about['items']:,}, of both phases) are the "
            f"candidates. Of each, {about['pool']} are set apart by a draw and revealed step by step; they are never "
            f"judged. The others are, the same {about['test_pairs']:,} test pairs of {about['test_users']:,} users at "
            f"every step. There are fewer candidates than in the benchmark, so its figures are lower.\n\n"
            f"Split {about['split_hash'][:12]}; {about['date']}; seed {about['seed']}; commit "
            f"{about['commit'] or 'unknown'}."
        )
        notes = "\n".join(f"- `{name}`: {text}" for name, text in about["methods"].items())
        return f"{head}\n\n{notes}"

    def to_json(self) -> str:
        """Everything."""
        found = {
            "about": dict(self.about),
            "chosen": asdict(self.chosen),
            "trials": [asdict(trial) for trial in self.trials],
            "figures": [asdict(figure) for figure in self.figures],
        }
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def save(self, directory: Path) -> None:
        """Write ``warming.json``, ``warming.md`` and ``warming.svg`` into an existing folder."""
        from evaluation.warming_plot import curve_svg

        for ending, text in (
            ("json", self.to_json()),
            ("md", self.to_markdown()),
            ("svg", curve_svg(self.figures)),
        ):
            temporary = directory / f".{NAME}.{ending}.writing"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(directory / f"{NAME}.{ending}")

    def _table(self, metric: str) -> Table:
        found = {(one.method, one.revealed): one for one in self.figures if one.metric == metric}
        steps, methods = steps_of(self.figures), methods_of(self.figures)
        best = {k: max(round(found[m, k].value, 4) for m in methods if (m, k) in found) for k in steps}
        lines = [(method, [_cell(found.get((method, k)), best[k]) for k in steps]) for method in methods]
        caption = (
            "Test, mean over users with its 95 % interval; columns: real interactions revealed of each item."
        )
        return Table(f"{METRIC_TITLES[metric]}@{CUTOFF}", caption, [str(k) for k in steps], lines)

    def _ahead_table(self, metric: str) -> Table:
        found = {(one.method, one.revealed): one for one in self.figures if one.metric == metric}
        steps, methods = steps_of(self.figures), methods_of(self.figures)
        lines = [(method, [_ahead_cell(found.get((method, k))) for k in steps]) for method in methods[1:]]
        caption = "Mean difference over the same users with its paired 95 % interval; bold: above zero."
        title = f"{METRIC_TITLES[metric]}@{CUTOFF}: `{methods[0]}` minus the others"
        return Table(title, caption, [str(k) for k in steps], lines)


def values_of(scorer: Scorer, task: RankingTask) -> dict[str, Values]:
    """Recall@20 and NDCG@20 of each judged user."""
    values = metric_values(rank_for_users(scorer, task, k=CUTOFF), (CUTOFF,))
    return {metric: values[metric, CUTOFF] for metric in METRICS}


def figures_of(method: str, revealed: int, values: PerUser, *, first: PerUser) -> list[WarmingFigure]:
    """The figures of one method at one step.

    Args:
        method: Its name.
        revealed: Real interactions of each item.
        values: Its values per user.
        first: Those of the method that it is compared with, over the same users.

    Returns:
        One figure a metric.
    """
    found = []
    for metric in METRICS:
        mean = bootstrap_interval(values[metric])
        ahead = paired_difference(first[metric], values[metric])
        found.append(
            WarmingFigure(
                method,
                revealed,
                metric,
                mean.mean,
                mean.low,
                mean.high,
                ahead.mean,
                ahead.low,
                ahead.high,
                mean.n,
            )
        )
    return found


def steps_of(figures: Sequence[WarmingFigure]) -> list[int]:
    """Real interactions at which there are figures, rising."""
    return sorted({one.revealed for one in figures})


def methods_of(figures: Sequence[WarmingFigure]) -> list[str]:
    """In their order."""
    return list(dict.fromkeys(one.method for one in figures))


def _cell(found: WarmingFigure | None, best: float) -> Cell:
    if found is None:
        return Cell("–")
    interval = f"[{found.low:.3f}, {found.high:.3f}]"
    return Cell(f"{found.value:.3f}", interval, best=round(found.value, 4) == best)


def _ahead_cell(found: WarmingFigure | None) -> Cell:
    if found is None:
        return Cell("–")
    interval = f"[{found.ahead_low:+.3f}, {found.ahead_high:+.3f}]"
    return Cell(f"{found.ahead:+.3f}", interval, best=found.ahead_low > 0)


def _trial_table(trials: Sequence[Trial], chosen: Trial) -> Table:
    """One line a setting of the first kind, a column of the second: the names of a trial's two settings."""
    row, column = trials[0].settings
    rows = list(dict.fromkeys(trial.settings[row] for trial in trials))
    columns = list(dict.fromkeys(trial.settings[column] for trial in trials))
    at = {(trial.settings[row], trial.settings[column]): trial for trial in trials}
    lines = [
        (
            f"{one:g}",
            [Cell(f"{at[one, other].value:.4f}", best=at[one, other] is chosen) for other in columns],
        )
        for one in rows
    ]
    caption = (
        f"Cold validation items, NDCG@{CUTOFF}, mean over the steps at which something is revealed; lines: `{row}`, "
        f"columns: `{column}`; bold: chosen."
    )
    return Table("What validation says", caption, [f"{other:g}" for other in columns], lines)
