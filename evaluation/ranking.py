"""Metrics of a ranked list, as pure functions of hits and of the number of true answers.

Every function takes ``hits`` (n, K) bool, where ``hits[r, j]`` says that the candidate which row ``r`` ranks
in place ``j`` (0 is best) is true, and ``n_true`` (n,) int64, the number of true answers of row ``r`` (found
or not). A row is a user (user side) or an item (audience side). Every function returns one value per row,
shape (n,) float64. A row without truth has no answer that could be right: all metrics are nan there, and
means leave the row out. A list shorter than ``k`` is read as if it went on with wrong answers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluation.array_types import Flags, Indices, Values


def recall(hits: Flags, n_true: Indices, *, k: int) -> Values:
    """Share of the true answers that are among the first ``k``.

    Denominator: ``n_true``, also where it is larger than ``k`` (so 1 may be out of reach).
    A row without truth contributes nothing (nan).

    Args:
        hits: Shape (n, K), bool.
        n_true: Shape (n,), int64.
        k: List length, at least 1.

    Returns:
        Values in [0, 1] or nan, shape (n,).

    Raises:
        ValueError: If the shapes disagree or ``k`` is below 1.
    """
    return _share(_hits_within(hits, n_true, k), n_true, n_true)


def precision(hits: Flags, n_true: Indices, *, k: int) -> Values:
    """Share of the first ``k`` places that hold a true answer.

    Denominator: ``k``, also where fewer than ``k`` candidates exist.
    A row without truth contributes nothing (nan), although its list holds only wrong answers.

    Args:
        hits: Shape (n, K), bool.
        n_true: Shape (n,), int64.
        k: List length, at least 1.

    Returns:
        Values in [0, 1] or nan, shape (n,).

    Raises:
        ValueError: If the shapes disagree or ``k`` is below 1.
    """
    return _share(_hits_within(hits, n_true, k), np.full_like(n_true, k), n_true)


def hit_rate(hits: Flags, n_true: Indices, *, k: int) -> Values:
    """Whether at least one of the first ``k`` is true: 0 or 1.

    Denominator: 1; the mean over rows divides by the number of rows that have truth.
    A row without truth contributes nothing (nan).

    Args:
        hits: Shape (n, K), bool.
        n_true: Shape (n,), int64.
        k: List length, at least 1.

    Returns:
        0, 1 or nan, shape (n,).

    Raises:
        ValueError: If the shapes disagree or ``k`` is below 1.
    """
    return _share(np.minimum(_hits_within(hits, n_true, k), 1), np.ones_like(n_true), n_true)


def mrr(hits: Flags, n_true: Indices, *, k: int) -> Values:
    """Reciprocal rank of the first true answer: 1 for the first place, 1/2 for the second, 0 beyond ``k``.

    Denominator: the rank of the first hit, counted from 1.
    A row without truth contributes nothing (nan).

    Args:
        hits: Shape (n, K), bool.
        n_true: Shape (n,), int64.
        k: List length, at least 1.

    Returns:
        Values in [0, 1] or nan, shape (n,).

    Raises:
        ValueError: If the shapes disagree or ``k`` is below 1.
    """
    any_hit = _hits_within(hits, n_true, k) > 0
    if hits.shape[1] == 0:
        return _share(np.zeros(len(hits)), np.ones_like(n_true), n_true)
    first = hits[:, :k].argmax(axis=1) + 1
    return _share(any_hit.astype(np.float64), first, n_true)


def ndcg(hits: Flags, n_true: Indices, *, k: int) -> Values:
    """Discounted gain of the first ``k`` over the best gain that ``k`` places allow.

    A hit in place ``j`` (from 1) gains ``1 / log2(j + 1)``.
    Denominator: the gain of a list that starts with ``min(n_true, k)`` hits, so 1 can always be reached.
    A row without truth contributes nothing (nan).

    Args:
        hits: Shape (n, K), bool.
        n_true: Shape (n,), int64.
        k: List length, at least 1.

    Returns:
        Values in [0, 1] or nan, shape (n,).

    Raises:
        ValueError: If the shapes disagree or ``k`` is below 1.

    Source: Järvelin and Kekäläinen (2002), binary gains; the ideal over min(n_true, k) as in ColdRec.
    """
    _hits_within(hits, n_true, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    gain = hits[:, :k] @ discount[: hits.shape[1]]
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_true, k)]
    return _share(gain, ideal, n_true)


METRICS: dict[str, Callable[..., Values]] = {
    "recall": recall,
    "ndcg": ndcg,
    "precision": precision,
    "hit_rate": hit_rate,
    "mrr": mrr,
}
"""Every ranking metric by its name in the report."""


def _hits_within(hits: Flags, n_true: Indices, k: int) -> Values:
    """Number of hits in the first ``k`` places, after checking the arguments."""
    if hits.ndim != 2 or n_true.shape != hits.shape[:1]:
        raise ValueError(
            f"hits must have shape (n, K) and n_true shape (n,), got {hits.shape} and {n_true.shape}"
        )
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return hits[:, :k].sum(axis=1, dtype=np.float64)


def _share(numerator: Values, denominator: Values | Indices, n_true: Indices) -> Values:
    """Divide where there is truth; nan elsewhere."""
    undefined = np.full(len(n_true), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=n_true > 0)
