"""One number of a benchmark, and how a judgement becomes such rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.audience import AudiencePhase, AudienceSide
from evaluation.judgement import Judgement
from evaluation.row import Side

UNMASKED = "B"
"""The evaluator of the audience side: a held-out cold item has no pair in any other part of the split, so that
there is nothing that A would mask and B would not."""


@dataclass(frozen=True)
class Trained:
    """What one training is called and what it took.

    Attributes:
        model: Name in the table.
        seed: Of the training.
        train_seconds: Wall time of the training, with that of the shared vectors it used.
        dtype: Width of the training's matrix products.
    """

    model: str
    seed: int
    train_seconds: float
    dtype: str


@dataclass(frozen=True)
class BenchmarkRow:
    """One number.

    Attributes:
        model: Name in the table.
        seed: Of the training.
        phase: "validation" or "test"; "both" only in the audience figures over both.
        setting: "overall", "cold" or "warm"; the audience side is always "cold".
        side: "user" or "audience".
        evaluator: "A" or "B".
        metric: Name of the metric.
        k: List length.
        value: Mean over users or items, or the statistic itself.
        train_seconds: See :class:`Trained`.
        dtype: See :class:`Trained`.
    """

    model: str
    seed: int
    phase: str
    setting: str
    side: Side
    evaluator: str
    metric: str
    k: int
    value: float
    train_seconds: float
    dtype: str

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)


def benchmark_rows(judgement: Judgement, trained: Trained) -> list[BenchmarkRow]:
    """Every figure of a judgement.

    Args:
        judgement: Both sides; over both phases, on the audience side, in rows of phase "both".
        trained: Whose.

    Returns:
        Rows: first the user side, then the audience side.
    """
    rows = [
        _row(trained, ("user", side.setting, side.phase, side.evaluator), metric, k, float(values.mean()))
        for side in judgement.users.values()
        for (metric, k), values in side.values.items()
    ]
    for phase, side in judgement.audience.items():
        rows += [
            _row(trained, ("audience", "cold", phase, UNMASKED), metric, k, value)
            for metric, k, value in _audience_figures(side)
        ]
    return rows


def of_phases(rows: list[BenchmarkRow], *phases: AudiencePhase) -> list[BenchmarkRow]:
    """The rows of the given phases, in order."""
    return [row for row in rows if row.phase in phases]


def _audience_figures(side: AudienceSide) -> Iterator[tuple[str, int, float]]:
    """Metric, audience size and value."""
    for (metric, k), values in side.values.items():
        yield metric, k, float(values.mean())
    for k, spread in side.concentration.items():
        yield "true_pairs", k, float(side.true_pairs[k].mean())
        yield "gini", k, spread.gini
        yield "share_chosen", k, spread.share_chosen


def _row(
    trained: Trained, place: tuple[Side, str, str, str], metric: str, k: int, value: float
) -> BenchmarkRow:
    side, setting, phase, evaluator = place
    return BenchmarkRow(
        model=trained.model,
        seed=trained.seed,
        phase=phase,
        setting=setting,
        side=side,
        evaluator=evaluator,
        metric=metric,
        k=k,
        value=value,
        train_seconds=trained.train_seconds,
        dtype=trained.dtype,
    )
