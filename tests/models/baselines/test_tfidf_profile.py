"""Words, their singular, and profiles."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import tfidf_profile
from models.baselines.tfidf_profile import words_and_pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Networks of cells", ["network", "cell", "network cell"]),
        ("Studies", ["study"]),
        ("class virus gas", ["class", "virus", "gas", "class virus", "virus gas"]),
        ("a 1", []),
    ],
)
def test_words_and_pairs(text, words):
    assert words_and_pairs(text) == words


def test_profile_by_hand():
    """User 0 read items 0 and 1, which share no word: his profile is half of each, and each scores 1/2."""
    model = tfidf_profile.fit(
        np.array([[0, 0], [0, 1], [1, 2]]),
        texts=["apple", "bread", "candle", "apple", "unheard"],
        warm_items=np.arange(3),
        n_users=3,
    )
    scores = model.scores(np.arange(3), np.array([3, 1, 4]))
    np.testing.assert_allclose(scores, [[1 / 2, 1 / 2, 0], [0, 0, 0], [0, 0, 0]], atol=1e-6)


def test_refuses_texts_without_words():
    with pytest.raises(ValueError, match="empty vocabulary"):
        tfidf_profile.fit(np.array([[0, 0]]), texts=["a"], warm_items=np.array([0]), n_users=1)
