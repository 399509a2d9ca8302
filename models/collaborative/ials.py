"""iALS: embeddings from alternating ridge regressions; a strong start for the users' tokens."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.coldstart.fold_in import USUAL_REGULARISER, solve_rows
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import Validate
from models.collaborative.ials_config import REGULARISERS, IalsConfig
from models.collaborative.training_pairs import TrainingPairs
from models.retrieval import FloatTable, IndexArray
from models.training import EpochReport, OnEpoch

logger = logging.getLogger(__name__)

SWEEPS_TO_CHOOSE = 3
"""After which a regulariser is judged: later sweeps changed no choice on CiteULike-a and MovieTweetings."""


def fit_ials(
    train: IndexArray,
    *,
    n_users: int,
    n_items: int,
    config: IalsConfig,
    start: CollaborativeEmbeddings | None = None,
    validate: Validate | None = None,
    on_epoch: OnEpoch | None = None,
) -> CollaborativeEmbeddings:
    """Embeddings of all users and of the items that occur in ``train``.

    Args:
        train: Training pairs (N, 2), int64: user_index, item_index; none twice.
        n_users: U; each user has at least one pair.
        n_items: I, all items, warm or not.
        config: Settings.
        start: Vectors of the same users and items to go on from, with their regulariser where the settings leave it
            open; from chance if left out.
        validate: Judges embeddings after each sweep, higher is better; the best sweep is kept. Without it
            the last one is.
        on_epoch: Called after each sweep; its loss is the mean squared error over the training pairs.

    Returns:
        The embeddings, with the regulariser that they were solved with.

    Raises:
        ValueError: If pairs are missing, repeated or out of range, a user has none, or ``start`` is of other
            items or another width.

    Source: Hu, Koren and Volinsky (ICDM 2008); weights, frequency-scaled ridge and initial values of Rendle
        et al., "Revisiting the Performance of iALS" (RecSys 2022).
    """
    pairs = TrainingPairs.from_indices(train, n_users=n_users, n_items=n_items)
    n_warm = len(pairs.warm_item_index)
    items = _initial_items(n_warm, config) if start is None else start.warm_items
    if items.shape != (n_warm, config.d):
        raise ValueError(
            f"start must hold vectors of {n_warm} warm items and {config.d} numbers, got {items.shape}"
        )
    if config.regulariser is None:
        config = replace(config, regulariser=_regulariser(pairs, items, config, start, validate))
    best: CollaborativeEmbeddings | None = None
    best_value = -math.inf
    for sweep in range(1, config.sweeps + 1):
        started = time.perf_counter()
        embeddings = _swept(pairs, items, config)
        users, items = embeddings.users, embeddings.warm_items
        value = None if validate is None else float(validate(embeddings))
        if value is None or value > best_value:
            best, best_value = embeddings, -math.inf if value is None else value
        if on_epoch is not None:
            error = _mean_squared_error(pairs.positions, users, items)
            on_epoch(EpochReport(sweep, config.sweeps, error, value, time.perf_counter() - started))
    if best is None:
        raise FloatingPointError("no sweep had a finite validation value")
    return best


def _regulariser(
    pairs: TrainingPairs,
    items: FloatTable,
    config: IalsConfig,
    start: CollaborativeEmbeddings | None,
    validate: Validate | None,
) -> float:
    """What the settings leave open: as the start has it, else what validates best after a few sweeps from ``items``."""
    if start is not None:
        return start.regulariser
    if validate is None:
        return USUAL_REGULARISER

    def judged(regulariser: float) -> float:
        trial, swept = replace(config, regulariser=regulariser), items
        for _ in range(min(SWEEPS_TO_CHOOSE, config.sweeps)):
            embeddings = _swept(pairs, swept, trial)
            swept = embeddings.warm_items
        value = float(validate(embeddings))
        logger.info("regulariser %g: validation %.4f", regulariser, value)
        return value

    return highest(REGULARISERS, judged, start=REGULARISERS.index(USUAL_REGULARISER))


def highest(steps: tuple[float, ...], judged: Callable[[float], float], *, start: int) -> float:
    """Climb along ``steps`` from number ``start`` while the next one is better: upwards first, else downwards."""
    best, value = start, judged(steps[start])
    for direction in (1, -1):
        while 0 <= best + direction < len(steps) and (there := judged(steps[best + direction])) > value:
            best, value = best + direction, there
        if best != start:
            break
    return steps[best]


def _swept(pairs: TrainingPairs, items: FloatTable, config: IalsConfig) -> CollaborativeEmbeddings:
    """Users solved from the items, then items from the users."""
    assert config.regulariser is not None
    users = _half_sweep(pairs.positions, items, pairs.n_users, config)
    swept = _half_sweep(pairs.positions[:, ::-1], users, len(items), config)
    return CollaborativeEmbeddings(users, swept, pairs.warm_item_index, config.regulariser)


def _initial_items(n_warm: int, config: IalsConfig) -> FloatTable:
    """(W, D), normal with deviation .1 / sqrt(d)."""
    generator = np.random.default_rng(config.seed)
    drawn = generator.standard_normal((n_warm, config.d)) * 0.1 / math.sqrt(config.d)
    return drawn.astype(np.float32)


def _half_sweep(pairs: IndexArray, fixed: FloatTable, n_rows: int, config: IalsConfig) -> FloatTable:
    """The rows of column 0 that best explain the pairs, given the fixed vectors of column 1."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    degrees = np.bincount(pairs[:, 0], minlength=n_rows)
    return solve_rows(
        fixed,
        np.concatenate(([0], np.cumsum(degrees))),
        pairs[order, 1],
        ridge=config.ridge(degrees, len(fixed)),
        unobserved_weight=config.unobserved_weight,
    )


def _mean_squared_error(pairs: IndexArray, users: FloatTable, items: FloatTable) -> float:
    """Mean of (1 - score)^2 over the pairs."""
    scores = np.einsum("nd,nd->n", users[pairs[:, 0]], items[pairs[:, 1]])
    return float(np.square(1 - scores).mean())
