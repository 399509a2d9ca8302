"""A small world of topics as rivals are given it, and how often a rival finds the topic of a cold item."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.baselines.factors import Factors
from models.baselines.rival import RivalInput
from tests.evaluation.worlds import topic_world

TOPICS = 4
WORLD = topic_world(3, n_users=100, n_items=160, topics=TOPICS)


def rival_input(*, d: int = 8, seed: int = 0) -> RivalInput:
    """The world with the leading singular vectors of its training matrix as collaborative vectors."""
    data = WORLD.data
    table = np.zeros((data.n_users, data.n_items), dtype=np.float32)
    table[data.train[:, 0], data.train[:, 1]] = 1
    left, size, right = np.linalg.svd(table[:, data.warm_items], full_matrices=False)
    return RivalInput(
        train=data.train,
        n_users=data.n_users,
        features=WORLD.embeddings,
        warm_items=data.warm_items,
        user_vectors=(left[:, :d] * np.sqrt(size[:d])).astype(np.float32),
        warm_vectors=(right[:d].T * np.sqrt(size[:d])).astype(np.float32),
        seed=seed,
    )


def by_hand(*, n_users: int = 6, d: int = 3, h: int = 4) -> RivalInput:
    """Six users, four warm items and two cold ones (1 and 4), with random texts and vectors."""
    rng = np.random.default_rng(1)
    pairs = [(0, 0), (1, 0), (0, 2), (2, 2), (3, 3), (1, 3), (4, 5), (5, 5), (2, 0), (3, 2)]
    return RivalInput(
        train=np.array(pairs, dtype=np.int64),
        n_users=n_users,
        features=rng.normal(size=(6, h)).astype(np.float32),
        warm_items=np.array([0, 2, 3, 5]),
        user_vectors=rng.normal(size=(n_users, d)).astype(np.float32),
        warm_vectors=rng.normal(size=(4, d)).astype(np.float32),
    )


def found(factors: Factors) -> float:
    """Share of readers whose best cold item is of the topic they read most; chance is a quarter."""
    data = WORLD.data
    read = np.zeros((data.n_users, TOPICS))
    np.add.at(read, (data.train[:, 0], data.train[:, 1] % TOPICS), 1)
    readers = np.flatnonzero(read.sum(axis=1))
    scores = factors.scores(readers, data.cold_items)
    best = data.cold_items[scores.argmax(axis=1)] % TOPICS
    return float((best == read[readers].argmax(axis=1)).mean())


def with_validation(data: RivalInput, values: list[float]) -> tuple[RivalInput, list[Factors]]:
    """The same input with a judge that answers with ``values`` in turn, and what it was shown."""
    shown: list[Factors] = []

    def validate(factors: Factors) -> float:
        shown.append(factors)
        return values[len(shown) - 1]

    return dataclasses.replace(data, validate=validate), shown
