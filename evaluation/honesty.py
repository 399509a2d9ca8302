"""Ways to catch a judge, or a model, that looks better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from evaluation.array_types import Indices, Pairs, Values
from evaluation.pair_set import PairSet
from evaluation.scorer import DenseScorer

T = TypeVar("T")


def refuse_leaks(train: PairSet, held_out: PairSet, *, name: str) -> None:
    """Refuse held-out pairs that are training pairs as well.

    Args:
        train: Training pairs.
        held_out: Truth of one phase and setting.
        name: What the truth is called in the message.

    Raises:
        ValueError: If the two share a pair; the message counts them and shows the first.
    """
    leaked = train.shared_with(held_out)
    if len(leaked):
        user, item = leaked[0].tolist()
        raise ValueError(
            f"{len(leaked)} pairs of {name} are also training pairs (first: user {user}, item {item}); "
            "a model would be judged on what it was shown: remove them from training"
        )


def shuffle_texts(texts: Sequence[T], *, seed: int) -> list[T]:
    """Give every item the text of a random other one; a text model fitted on this must fall to chance."""
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[place] for place in order]


def renumber_users(pairs: Pairs, permutation: Indices) -> Pairs:
    """Replace user ``u`` by ``permutation[u]`` in pairs (N, 2); items keep their indices."""
    return np.stack([permutation[pairs[:, 0]], pairs[:, 1]], axis=1)


def oracle(truth: Pairs, *, n_users: int, n_items: int) -> DenseScorer:
    """A scorer that knows the answer: 1 for a true pair, 0 for all others."""
    table = np.zeros((n_users, n_items), dtype=np.float32)
    table[truth[:, 0], truth[:, 1]] = 1.0
    return DenseScorer(table)


def ceiling(metric: str, n_true: Indices, *, k: int) -> float:
    """The mean value that the best possible ranking reaches.

    Args:
        metric: "recall", "precision", "ndcg", "hit_rate" or "mrr".
        n_true: True answers of each row, shape (n,), int64; rows without truth are left out.
        k: List length.

    Returns:
        The mean over the rows that have truth.

    Raises:
        ValueError: If the metric is unknown or no row has truth.
    """
    found = n_true[n_true > 0]
    if not len(found):
        raise ValueError("n_true names no row with truth, so there is no ceiling")
    if metric == "recall":
        return float((np.minimum(found, k) / found).mean())
    if metric == "precision":
        return float((np.minimum(found, k) / k).mean())
    if metric in ("ndcg", "hit_rate", "mrr"):
        return 1.0
    raise ValueError(f"metric must be recall, precision, ndcg, hit_rate or mrr, got {metric!r}")


@dataclass(frozen=True)
class ChanceCheck:
    """A mean beside what blind guessing gives.

    Attributes:
        value: Mean recall of the model.
        expected: Recall that a random order has on average: ``k / candidates``.
        standard_error: Of the mean, over users.
    """

    value: float
    expected: float
    standard_error: float

    @property
    def at_chance(self) -> bool:
        """Whether the value lies within three standard errors of blind guessing."""
        return abs(self.value - self.expected) <= 3 * self.standard_error


def compare_with_chance(recalls: Values, *, k: int, n_candidates: int) -> ChanceCheck:
    """Compare recall per user with that of a random order.

    Args:
        recalls: Recall at ``k`` of each user, shape (n,); nan is left out.
        k: List length.
        n_candidates: Items in the ranking, none of them masked (as for cold items).

    Returns:
        The comparison.

    Raises:
        ValueError: If fewer than two values are left.
    """
    known = recalls[~np.isnan(recalls)]
    if len(known) < 2:
        raise ValueError(f"recalls must hold at least two values, got {len(known)}")
    return ChanceCheck(
        value=float(known.mean()),
        expected=min(k / n_candidates, 1.0),
        standard_error=float(known.std(ddof=1) / np.sqrt(len(known))),
    )
