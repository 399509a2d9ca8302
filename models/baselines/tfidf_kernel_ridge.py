"""Kernel ridge regression on words alone: no language model, no training before this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from models.baselines.array_types import Indices, Matrix, Pairs
from models.baselines.factors import Factors
from models.baselines.nystrom import choose_landmarks, regression, whitened
from models.baselines.tfidf_profile import words_and_pairs
from models.baselines.training_matrix import training_matrix


@dataclass(frozen=True)
class TfidfKernelRidgeConfig:
    """Defaults were chosen on CiteULike's cold validation items.

    Attributes:
        landmarks: Warm items that span the solution, >= 1; more than W means all.
        penalty: Ridge weight, > 0.
        seed: Of the draw of landmarks, >= 0.

    Raises:
        ValueError: If a value is out of its range.
    """

    landmarks: int = 5000
    penalty: float = 3.0
    seed: int = 42

    def __post_init__(self) -> None:
        if self.landmarks < 1:
            raise ValueError(f"landmarks must be at least 1, got {self.landmarks}")
        if not self.penalty > 0:
            raise ValueError(f"penalty must be positive, got {self.penalty}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")


def fit(
    train: Pairs,
    *,
    texts: Sequence[str],
    warm_items: Indices,
    n_users: int,
    config: TfidfKernelRidgeConfig = TfidfKernelRidgeConfig(),
) -> Factors:
    """Predict an item's users from the words it shares with landmark items.

    Args:
        train: Training pairs, shape (N, 2), int64.
        texts: One text per item, I in all.
        warm_items: Items with training pairs, shape (W,), int64; words and their weights come from these.
        n_users: U.
        config: Settings.

    Returns:
        Factors: items (I, m) are whitened rows of the cosine kernel, users (U, m) the regression's weights.
        An item that shares no word with a landmark has a row of zeros.

    Raises:
        ValueError: If ``train`` holds an index out of range or no warm text holds a word.

    Source: words and weights as in the TF-IDF profile, regression as in kernel ridge.
    """
    return path(train, texts=texts, warm_items=warm_items, n_users=n_users, config=config)(config.penalty)


def path(
    train: Pairs,
    *,
    texts: Sequence[str],
    warm_items: Indices,
    n_users: int,
    config: TfidfKernelRidgeConfig,
) -> Callable[[float], Factors]:
    """The same, to be asked at several penalties: what all of them have in common is computed once."""
    readers = training_matrix(train, n_users=n_users, n_items=len(texts))
    vectorizer = TfidfVectorizer(analyzer=words_and_pairs, sublinear_tf=True, dtype=np.float32)
    vectorizer.fit([texts[item] for item in warm_items])
    words = sparse.csr_matrix(vectorizer.transform(texts))  # (I, V), rows of length one
    landmarks = choose_landmarks(warm_items, config.landmarks, seed=config.seed)
    kernel: Matrix = (words @ words[landmarks].T).toarray()  # (I, m), cosines
    items = whitened(kernel, landmarks)  # (I, m)
    users = regression(items[warm_items], readers[:, warm_items])
    return lambda penalty: Factors(users=users(penalty), items=items)
