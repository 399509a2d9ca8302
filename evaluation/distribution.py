"""Models that give probabilities: how likely they find what happened, and whether they can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.array_types import Flags, Indices, Scores, Values
from evaluation.audience import AudiencePhase, cold_items_of, cold_truth_of
from evaluation.evaluation_input import EvaluationInput
from evaluation.protocol import BLOCK_CELLS, checked_scores
from evaluation.scorer import Scorer

BINS_PER_DECADE = 4
LOWEST_EDGE = 1e-2
"""First bin edge, in units of the uniform probability 1/U; smaller probabilities share the bin below it."""

NORMALISATION_TOLERANCE = 1e-2
"""Nats by which the log of an item's summed probabilities may miss 0: float32 over many users, no more."""


@dataclass(frozen=True)
class Reliability:
    """The reliability curve of p(user | item), one entry per bin of predicted probability that is not empty.

    An item with n true users gives each of them the observed probability 1/n and everybody else 0.

    Attributes:
        predicted: Mean predicted probability of the bin's item-user cells, shape (b,).
        observed: Mean observed probability of the same cells, shape (b,).
        mass: Predicted mass of the bin over that of all bins, shape (b,); sums to 1.
        ece: Sum over bins of |predicted mass - observed mass| per item: the probability mass that lies in
            bins of a wrong level, counted where it is missing and where it is too much; in [0, 2].
    """

    predicted: Values
    observed: Values
    mass: Values
    ece: float


@dataclass(frozen=True)
class DistributionSide:
    """One model's likelihood per cold item, in nats, and its calibration.

    Attributes:
        phase: Which cold items.
        items: Cold items with at least one true user, shape (c,), int64.
        log_likelihood: Mean of log p(user | item) over the item's true users, shape (c,), nats.
        over_uniform: ``log_likelihood`` minus that of the uniform distribution (``-log U``), shape (c,).
        over_degree_prior: ``log_likelihood`` minus that of p(user) = (degree + 1) / sum, shape (c,).
        reliability: Curve and expected calibration error.
    """

    phase: AudiencePhase
    items: Indices
    log_likelihood: Values
    over_uniform: Values
    over_degree_prior: Values
    reliability: Reliability


def evaluate_distribution(
    scorer: Scorer, data: EvaluationInput, *, phase: AudiencePhase = "both"
) -> DistributionSide:
    """Judge a model whose scores are log p(user | item) in nats, normalised over all U users.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        phase: Which cold items.

    Returns:
        Likelihood and calibration; items without a true user are left out.

    Raises:
        ValueError: If no item has truth, or an item's probabilities do not sum to one.
    """
    pairs = cold_truth_of(data, phase)
    if not len(pairs):
        raise ValueError(f"phase {phase!r} has no true pair of a cold item")
    items = np.intersect1d(cold_items_of(data, phase), pairs[:, 1])
    users = np.arange(data.n_users)
    prior = np.log((data.degrees() + 1.0) / (data.degrees() + 1.0).sum())
    tally = _Tally(data.n_users)
    own, base = np.empty(len(items)), np.empty(len(items))
    step = max(1, BLOCK_CELLS // data.n_users)
    for begin in range(0, len(items), step):
        block = slice(begin, begin + step)
        log_p = checked_scores(scorer, users, items[block]).T  # (b, U)
        _check_normalised(log_p, items[block])
        truth = _truth_block(pairs, items[block], data)  # (b, U)
        n_true = truth.sum(axis=1)
        own[block] = np.where(truth, log_p, 0.0).sum(axis=1) / n_true
        base[block] = (truth @ prior) / n_true
        tally.add(np.exp(log_p.astype(np.float64)), truth / n_true[:, None])
    uniform = -np.log(data.n_users)
    return DistributionSide(phase, items, own, own - uniform, own - base, tally.reliability(len(items)))


class _Tally:
    """Sums per bin of predicted probability."""

    def __init__(self, n_users: int) -> None:
        """Lay logarithmic bins from a hundredth of the uniform probability up to 1."""
        lowest = np.log10(LOWEST_EDGE / n_users)
        self.edges = np.logspace(lowest, 0.0, int(np.ceil(-lowest * BINS_PER_DECADE)) + 1)
        self.cells, self.predicted, self.observed = (np.zeros(len(self.edges) + 1) for _ in range(3))

    def add(self, predicted: Values, observed: Values) -> None:
        """Count cells (b, U)."""
        place = np.digitize(predicted, self.edges).ravel()
        bins = len(self.edges) + 1
        self.cells += np.bincount(place, minlength=bins)
        self.predicted += np.bincount(place, weights=predicted.ravel(), minlength=bins)
        self.observed += np.bincount(place, weights=observed.ravel(), minlength=bins)

    def reliability(self, n_items: int) -> Reliability:
        """Means per bin that is not empty."""
        full = self.cells > 0
        return Reliability(
            predicted=self.predicted[full] / self.cells[full],
            observed=self.observed[full] / self.cells[full],
            mass=self.predicted[full] / self.predicted.sum(),
            ece=float(np.abs(self.predicted - self.observed).sum() / n_items),
        )


def _check_normalised(log_p: Scores, items: Indices) -> None:
    """Probabilities of every item sum to one."""
    top = log_p.max(axis=1, keepdims=True)
    total = np.log(np.exp((log_p - top).astype(np.float64)).sum(axis=1)) + top[:, 0]
    wrong = np.flatnonzero(np.abs(total) > NORMALISATION_TOLERANCE)
    if len(wrong):
        raise ValueError(
            f"{len(wrong)} items have probabilities that do not sum to 1 (first: item {items[wrong[0]]}, "
            f"log of the sum {total[wrong[0]]:.4f} nats, expected 0); "
            "give log-probabilities normalised over all users"
        )


def _truth_block(pairs: Indices, items: Indices, data: EvaluationInput) -> Flags:
    """True users of some items as a table (b, U)."""
    place = np.full(data.n_items, -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    rows = place[pairs[:, 1]]
    table = np.zeros((len(items), data.n_users), dtype=np.bool_)
    table[rows[rows >= 0], pairs[rows >= 0, 0]] = True
    return table
