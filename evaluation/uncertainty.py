"""How sure a mean is: bootstrap intervals over users (or items), alone and in pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Values

RESAMPLES = 1000
LEVEL = 0.95
BLOCK_DRAWS = 2_000_000
"""Draws held at once; bounds the memory of a resample of many users."""


@dataclass(frozen=True)
class Interval:
    """A mean with the range that a share ``LEVEL`` of bootstrap means falls into.

    Attributes:
        mean: Mean of the values.
        low: Lower end.
        high: Upper end.
        n: Values that went into the mean.
    """

    mean: float
    low: float
    high: float
    n: int


def bootstrap_interval(
    values: Values, *, seed: int = 0, level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval:
    """Percentile bootstrap interval of a mean.

    Args:
        values: One value per user or item, shape (n,); nan (undefined) is left out.
        seed: Seed of the resampling; the same seed and n draw the same users.
        level: Share of bootstrap means inside the interval, in (0, 1).
        resamples: Bootstrap samples, at least 1.

    Returns:
        Mean and interval.

    Raises:
        ValueError: If no value is left, or ``level`` or ``resamples`` is out of range.

    Source: Efron and Tibshirani (1993), chapter 13.
    """
    return bootstrap_intervals(
        values[~np.isnan(values)][:, None], seed=seed, level=level, resamples=resamples
    )[0]


def bootstrap_intervals(
    table: npt.NDArray[np.float64], *, seed: int = 0, level: float = LEVEL, resamples: int = RESAMPLES
) -> list[Interval]:
    """Percentile bootstrap intervals of the means of several columns from one set of resamples.

    Args:
        table: One row per user or item, one column per metric, shape (n, m), no nan.
        seed: Seed of the resampling.
        level: Share of bootstrap means inside the interval, in (0, 1).
        resamples: Bootstrap samples, at least 1.

    Returns:
        One interval per column.

    Raises:
        ValueError: If the table is not a matrix with at least one row, holds nan, or ``level`` or
            ``resamples`` is out of range.
    """
    if table.ndim != 2 or not len(table):
        raise ValueError(f"values must hold at least one row, got shape {table.shape}")
    if np.isnan(table).any():
        raise ValueError("values hold nan; leave users without truth out before the bootstrap")
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(f"level must be in (0, 1) and resamples at least 1, got {level} and {resamples}")
    n = len(table)
    rng = np.random.default_rng(seed)
    centre = table.mean(axis=0)
    step = max(1, BLOCK_DRAWS // n)
    means = np.concatenate(
        [
            _resampled_means(table - centre, min(step, resamples - begin), rng)
            for begin in range(0, resamples, step)
        ]
    )
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0) + centre
    return [
        Interval(mean=float(m), low=float(a), high=float(b), n=n)
        for m, a, b in zip(centre, low, high, strict=True)
    ]


def paired_difference(
    a: Values, b: Values, *, seed: int = 0, level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval:
    """Interval of the mean of ``a - b``, the same users being drawn for both.

    Args:
        a: One value per user, shape (n,).
        b: The same users' values under the other model, shape (n,).
        seed: Seed of the resampling.
        level: Share of bootstrap means inside the interval.
        resamples: Bootstrap samples.

    Returns:
        Mean difference and interval; users where either is nan are left out.

    Raises:
        ValueError: If the shapes differ or no pair is left.
    """
    if a.shape != b.shape:
        raise ValueError(f"a and b must be of the same users, got shapes {a.shape} and {b.shape}")
    return bootstrap_interval(a - b, seed=seed, level=level, resamples=resamples)


def _resampled_means(
    table: npt.NDArray[np.float64], count: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Means of ``count`` samples of n rows drawn with replacement, shape (count, m)."""
    n = len(table)
    drawn = rng.integers(0, n, size=(count, n))
    drawn += np.arange(count)[:, None] * n
    weights = np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)  # (count, n)
    return weights.astype(np.float64) @ table / n
