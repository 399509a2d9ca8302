"""Several splits of one data set in one table: means over splits, and the product against closed forms by user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.array_types import Values
from evaluation.benchmark_table import MAIN, SETTINGS, Spread
from evaluation.report_markdown import as_markdown
from evaluation.report_tables import METRIC_TITLES, Cell, Table
from evaluation.uncertainty import paired_difference
from evaluation.user_values import CUTOFF, UserValues

NAME = "summary"
Place = tuple[str, str, str]
"""Model, setting and metric."""


@dataclass(frozen=True)
class SplitResult:
    """One split's benchmark.

    Attributes:
        about: Data set, split and machine, as JSON values.
        rows: Rows of its ``benchmark.json``.
        users: Each user's cold test figures.
    """

    about: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    users: UserValues

    def figures(self, *, phase: str) -> dict[Place, float]:
        """User side, evaluator B, lists of 20: mean over seeds."""
        found: dict[Place, list[float]] = {}
        for row in self.rows:
            if (row["side"], row["phase"], row["evaluator"], row["k"]) == ("user", phase, "B", CUTOFF):
                found.setdefault((row["model"], row["setting"], row["metric"]), []).append(row["value"])
        return {place: float(np.mean(values)) for place, values in found.items()}


@dataclass(frozen=True)
class PooledDifference:
    """A model against another over the users of all splits.

    Attributes:
        model: The model.
        reference: What it is compared with.
        metric: Name of the metric, with its list length.
        difference: Mean over users; a user's value is the mean over the splits in which he is judged.
        low: Lower end of the paired 95 % interval over users.
        high: Upper end.
        relative: The difference over the reference's mean.
        n: Users.
    """

    model: str
    reference: str
    metric: str
    difference: float
    low: float
    high: float
    relative: float
    n: int


@dataclass(frozen=True)
class Summary:
    """All splits.

    Attributes:
        splits: Each one's ``about``.
        spreads: By model, setting and metric: over the splits that have the model.
        best_closed_form: The best by cold validation NDCG@20, mean over splits; None if there is none.
        differences: The product minus every closed form.
    """

    splits: Sequence[Mapping[str, Any]]
    spreads: Mapping[Place, Spread]
    best_closed_form: str | None
    differences: Sequence[PooledDifference]

    def tables(self) -> list[Table]:
        """Means over splits, then the differences, if there are any."""
        found = [self._means()]
        if self.differences:
            found.append(self._differences())
        return found

    def to_markdown(self) -> str:
        """All tables; ends with a newline."""
        title = f"# Summary: {self.data_set}"
        return "\n\n".join([title, self.origin(), *(as_markdown(table) for table in self.tables())]) + "\n"

    @property
    def data_set(self) -> str:
        """Of all splits."""
        return str(self.splits[0]["data_set"])

    def origin(self) -> str:
        """Which splits."""
        listed = ", ".join(f"{one['split_hash'][:12]} ({one['protocol']})" for one in self.splits)
        return f"{self.data_set}, {len(self.splits)} splits: {listed}."

    def to_json(self) -> str:
        """Everything."""
        rows = [
            {"model": model, "setting": setting, "metric": metric, "k": CUTOFF, **asdict(spread)}
            for (model, setting, metric), spread in self.spreads.items()
        ]
        found = {
            "splits": [dict(one) for one in self.splits],
            "best_closed_form": self.best_closed_form,
            "differences": [asdict(one) for one in self.differences],
            "rows": rows,
        }
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def save(self, directory: Path) -> None:
        """Write ``summary.json`` and ``summary.md`` into an existing folder."""
        for ending, text in (("json", self.to_json()), ("md", self.to_markdown())):
            temporary = directory / f".{NAME}.{ending}.writing"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(directory / f"{NAME}.{ending}")

    def _means(self) -> Table:
        keys = [(setting, metric) for setting in SETTINGS for metric in MAIN]
        cold = {
            model: spread.mean for (model, *key), spread in self.spreads.items() if key == ["cold", "ndcg"]
        }
        models = dict.fromkeys(model for model, *_ in self.spreads)
        lines = []
        for model in sorted(models, key=lambda name: -cold.get(name, -1.0)):
            found = [self.spreads.get((model, *key)) for key in keys]
            splits = max(spread.n for spread in found if spread is not None)
            lines.append((model, [Cell(str(splits)), *(_spread_cell(spread) for spread in found)]))
        columns = ["splits", *(f"{setting} {METRIC_TITLES[metric]}@{CUTOFF}" for setting, metric in keys)]
        caption = "Test, evaluator B. Mean over splits, each over its seeds, and the standard deviation of one split."
        return Table("Means over splits", caption, columns, lines)

    def _differences(self) -> Table:
        at = {(one.reference, one.metric): one for one in self.differences}
        metrics = list(dict.fromkeys(one.metric for one in self.differences))
        references = list(dict.fromkeys(one.reference for one in self.differences))
        columns = [column for metric in metrics for column in (metric, f"{metric}, relative")]
        lines = [
            (
                f"{reference}{' (best on validation)' if reference == self.best_closed_form else ''}",
                [cell for metric in metrics for cell in _difference_cells(at[reference, metric])],
            )
            for reference in references
        ]
        first = self.differences[0]
        caption = (
            f"Cold test, evaluator B: mean over {first.n:,} users, each with the mean over the splits in which he is "
            "judged, and its paired 95 % interval over users; bold: above zero."
        )
        return Table(f"`{first.model}` minus closed forms, pooled over splits", caption, columns, lines)


def summarise(results: Sequence[SplitResult], *, product: str, closed_forms: Sequence[str]) -> Summary:
    """Put several splits together.

    Args:
        results: At least one, each of another split of the same data set.
        product: The model that is compared with the closed forms.
        closed_forms: Names of these; those that are missing in a split are left out.

    Returns:
        The summary.

    Raises:
        ValueError: If there is no result, data sets differ, or a split is there twice.
    """
    _require_splits(results)
    test: dict[Place, list[float]] = {}
    validation: dict[str, list[float]] = {}
    for result in results:
        for place, value in result.figures(phase="test").items():
            test.setdefault(place, []).append(value)
        for (model, setting, metric), value in result.figures(phase="validation").items():
            if (setting, metric) == ("cold", "ndcg"):
                validation.setdefault(model, []).append(value)
    everywhere = set.intersection(*(set(result.users.models) for result in results))
    forms = [name for name in closed_forms if name in everywhere]
    judged = [name for name in forms if name in validation]
    differences = [
        _pooled(results, product, form, metric) for form in forms for metric in MAIN if product in everywhere
    ]
    return Summary(
        [result.about for result in results],
        {place: Spread.of(values) for place, values in test.items()},
        max(judged, key=lambda name: float(np.mean(validation[name]))) if judged else None,
        differences,
    )


def _pooled(results: Sequence[SplitResult], model: str, reference: str, metric: str) -> PooledDifference:
    """Users drawn whole: their splits are not independent of each other."""
    ids = np.concatenate([result.users.user_ids for result in results])
    users, row = np.unique(ids, return_inverse=True)

    def by_user(name: str) -> Values:
        values = np.concatenate([result.users.of(name, metric) for result in results])
        mean: Values = np.bincount(row, weights=values, minlength=len(users)) / np.bincount(row)
        return mean

    ours, theirs = by_user(model), by_user(reference)
    found = paired_difference(ours, theirs)
    relative = found.mean / float(theirs.mean()) if theirs.any() else float("inf")
    name = f"{metric}@{CUTOFF}"
    return PooledDifference(model, reference, name, found.mean, found.low, found.high, relative, found.n)


def _require_splits(results: Sequence[SplitResult]) -> None:
    if not results:
        raise ValueError("results must hold at least one split, got none")
    names = sorted({result.about["data_set"] for result in results})
    if len(names) > 1:
        raise ValueError(f"results must be of one data set, got {', '.join(names)}")
    hashes = [result.about["split_hash"] for result in results]
    twice = {one for one in hashes if hashes.count(one) > 1}
    if twice:
        raise ValueError(f"split {min(twice)[:12]} is there twice; give each split once")
    known: dict[str, tuple[str, str]] = {}
    for result in results:
        split = result.about["split_hash"]
        for unit, settings in result.about.get("settings", {}).items():
            first, other = known.setdefault(unit, (settings, split))
            if first != settings:
                raise ValueError(
                    f"{unit} was run with other settings on split {split[:12]} than on split {other[:12]}; run "
                    "coldcast benchmark again on the older one"
                )


def _spread_cell(spread: Spread | None) -> Cell:
    if spread is None:
        return Cell("–")
    return Cell(f"{spread.mean:.3f}", "" if spread.deviation is None else f"± {spread.deviation:.3f}")


def _difference_cells(found: PooledDifference) -> list[Cell]:
    interval = f"[{found.low:+.4f}, {found.high:+.4f}]"
    return [
        Cell(f"{found.difference:+.4f}", interval, best=found.low > 0),
        Cell(f"{100 * found.relative:+.1f} %"),
    ]
