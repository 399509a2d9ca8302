"""Small worlds whose right answer is known, shared by the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.evaluation_input import EvaluationInput

TRAIN = [(0, 0), (0, 1), (1, 1), (2, 2), (3, 0)]
WARM_VALIDATION = [(0, 2)]
WARM_TEST = [(0, 3), (1, 0)]
COLD_VALIDATION = [(0, 4), (1, 4), (2, 5)]
COLD_TEST = [(0, 6), (0, 7), (2, 6), (3, 7)]


def pairs(listed: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Pairs (N, 2) from a list, also from an empty one."""
    return np.array(listed, dtype=np.int64).reshape(-1, 2)


def by_hand() -> EvaluationInput:
    """Four users; warm items 0-3, cold validation items 4 and 5, cold test items 6 and 7."""
    return EvaluationInput(
        train=pairs([*TRAIN, (2, 3)]),
        warm_validation=pairs(WARM_VALIDATION),
        warm_test=pairs(WARM_TEST),
        cold_validation=pairs(COLD_VALIDATION),
        cold_test=pairs(COLD_TEST),
        warm_items=np.arange(4),
        cold_validation_items=np.array([4, 5]),
        cold_test_items=np.array([6, 7]),
        n_users=4,
        n_items=8,
    )


@dataclass(frozen=True)
class TopicWorld:
    """A world of topics: users read one topic, titles are made of its words."""

    data: EvaluationInput
    texts: list[str]
    embeddings: NDArray[np.float32]


def topic_world(seed: int = 0, *, n_users: int = 300, n_items: int = 400, topics: int = 10) -> TopicWorld:
    """Item i is of topic i mod topics; the last quarter of the items is cold, half of it for each phase."""
    rng = np.random.default_rng(seed)
    item_topic = np.arange(n_items) % topics
    user_topic = rng.integers(0, topics, n_users)
    liked = rng.random((n_users, n_items)) < np.where(user_topic[:, None] == item_topic[None, :], 0.4, 0.005)
    cold = np.arange(n_items * 3 // 4, n_items)
    middle = cold[len(cold) // 2]
    found = np.argwhere(liked)
    warm_pairs = found[found[:, 1] < cold[0]]
    role = rng.random(len(warm_pairs))
    train = warm_pairs[role < 0.8]
    warm = np.unique(train[:, 1])
    held = warm_pairs[np.isin(warm_pairs[:, 1], warm) & (role >= 0.8)]
    data = EvaluationInput(
        train=train,
        warm_validation=held[::2],
        warm_test=held[1::2],
        cold_validation=found[(found[:, 1] >= cold[0]) & (found[:, 1] < middle)],
        cold_test=found[found[:, 1] >= middle],
        warm_items=warm,
        cold_validation_items=cold[cold < middle],
        cold_test_items=cold[cold >= middle],
        n_users=n_users,
        n_items=n_items,
    )
    words = [
        " ".join(f"word{topic}x{w}" for w in rng.choice(12, size=5, replace=False)) for topic in item_topic
    ]
    centres = rng.normal(size=(topics, 16))
    embeddings = (centres[item_topic] + 0.7 * rng.normal(size=(n_items, 16))).astype(np.float32)
    return TopicWorld(data, words, embeddings)
