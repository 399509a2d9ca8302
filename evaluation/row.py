"""One number of the report, and how the judges' raw values become such rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from evaluation.array_types import Values
from evaluation.audience import AudienceSide
from evaluation.distribution import DistributionSide
from evaluation.uncertainty import Interval, bootstrap_interval, bootstrap_intervals
from evaluation.user_side import UserSide

FEW_USERS = 200
"""Below this many users (or items) a mean moves by several points when the holdout is drawn again."""

Side = Literal["user", "audience"]


@dataclass(frozen=True)
class Row:
    """One number with everything that is needed to read it.

    Attributes:
        model: Who is judged.
        side: "user" (lists of items) or "audience" (lists of users).
        setting: "cold", "warm" or "overall"; the audience side is always "cold".
        phase: "validation", "test" or, on the audience side, "both".
        evaluator: "A" or "B"; None on the audience side, where nothing is masked.
        metric: Name of the metric.
        k: List length; None where the metric has none.
        value: The mean (or the statistic itself, for concentration and calibration).
        low: Lower end of the 95 % bootstrap interval; None where the statistic is not a mean.
        high: Upper end, likewise.
        n: Users (user side) or items (audience side) behind the number.
        warning: A sentence if the number must be read with care, else "".
    """

    model: str
    side: Side
    setting: str
    phase: str
    evaluator: str | None
    metric: str
    k: int | None
    value: float
    low: float | None
    high: float | None
    n: int
    warning: str

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)


def user_rows(model: str, result: UserSide, *, seed: int = 0) -> list[Row]:
    """Means and intervals over users, one row per metric and list length.

    Args:
        model: Name in the report.
        result: Values per user.
        seed: Seed of the bootstrap.

    Returns:
        Rows in the order of ``result.values``.
    """
    intervals = _intervals(result.values, seed)
    return [
        Row(
            model=model,
            side="user",
            setting=result.setting,
            phase=result.phase,
            evaluator=result.evaluator,
            metric=metric,
            k=k,
            value=interval.mean,
            low=interval.low,
            high=interval.high,
            n=interval.n,
            warning=few_warning(interval.n, "users"),
        )
        for (metric, k), interval in intervals.items()
    ]


def audience_rows(model: str, result: AudienceSide, *, seed: int = 0) -> list[Row]:
    """Means and intervals over cold items, then the share of true pairs and the concentration.

    Args:
        model: Name in the report.
        result: Values per item.
        seed: Seed of the bootstrap.

    Returns:
        Rows of precision, recall, NDCG, true_pairs, gini and share_chosen at each audience size.
    """
    row = _audience_row(model, result.phase, len(result.items))
    rows = [row(metric, k, at) for (metric, k), at in _intervals(result.values, seed).items()]
    for k, spread in result.concentration.items():
        rows.append(row("true_pairs", k, bootstrap_interval(result.true_pairs[k], seed=seed)))
        rows.append(row("gini", k, spread.gini))
        rows.append(row("share_chosen", k, spread.share_chosen))
    return rows


def distribution_rows(model: str, result: DistributionSide, *, seed: int = 0) -> list[Row]:
    """Held-out log-likelihood in nats (alone, over uniform, over the degree prior) and calibration error.

    Args:
        model: Name in the report.
        result: Values per item.
        seed: Seed of the bootstrap.

    Returns:
        Four rows without list length.
    """
    row = _audience_row(model, result.phase, len(result.items))
    likelihoods = {
        "log_likelihood": result.log_likelihood,
        "nats_over_uniform": result.over_uniform,
        "nats_over_degree_prior": result.over_degree_prior,
    }
    rows = [row(name, None, bootstrap_interval(values, seed=seed)) for name, values in likelihoods.items()]
    return [*rows, row("ece", None, result.reliability.ece)]


def few_warning(n: int, what: str) -> str:
    """A sentence if ``n`` is too small to lean on, else ""."""
    return f"only {n} {what} (fewer than {FEW_USERS}): read with care" if n < FEW_USERS else ""


def _audience_row(model: str, phase: str, n: int) -> Callable[[str, int | None, Interval | float], Row]:
    """A maker of audience rows with everything but the number filled in."""

    def row(metric: str, k: int | None, number: Interval | float) -> Row:
        """One row from an interval or from a bare number."""
        interval = number if isinstance(number, Interval) else None
        return Row(
            model=model,
            side="audience",
            setting="cold",
            phase=phase,
            evaluator=None,
            metric=metric,
            k=k,
            value=number.mean if isinstance(number, Interval) else number,
            low=interval.low if interval else None,
            high=interval.high if interval else None,
            n=n,
            warning=few_warning(n, "items"),
        )

    return row


def _intervals(values: Mapping[tuple[str, int], Values], seed: int) -> dict[tuple[str, int], Interval]:
    """One bootstrap for all columns."""
    table = np.stack(list(values.values()), axis=1)
    return dict(zip(values, bootstrap_intervals(table, seed=seed), strict=True))
