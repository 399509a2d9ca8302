"""Negatives: never a positive, every other item equally often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.collaborative.negative_sampling import NegativeSampler


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(2, 9), st.floats(0, 1))
def test_never_a_positive_and_always_an_item(seed: int, n_users: int, n_items: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    liked = rng.random((n_users, n_items)) < density
    liked[np.arange(n_users), rng.integers(0, n_items, n_users)] = False
    pairs = rng.permutation(np.argwhere(liked))
    sampler = NegativeSampler(pairs, n_users=n_users, n_items=n_items)
    users = rng.integers(0, n_users, 200)
    drawn = sampler.sample(users, generator=rng)
    assert drawn.min() >= 0
    assert drawn.max() < n_items
    assert not liked[users, drawn].any()


def test_uniform_over_what_is_left() -> None:
    pairs = np.array([[0, 1], [0, 2], [0, 5], [1, 0]])
    sampler = NegativeSampler(pairs, n_users=3, n_items=6)
    rng = np.random.default_rng(7)
    for user, left in ((0, [0, 3, 4]), (1, [1, 2, 3, 4, 5]), (2, [0, 1, 2, 3, 4, 5])):
        counts = np.bincount(sampler.sample(np.full(30_000, user), generator=rng), minlength=6)
        expected = 30_000 / len(left)
        assert np.flatnonzero(counts).tolist() == left
        assert np.abs(counts[left] - expected).max() < 5 * np.sqrt(expected)


def test_a_user_who_has_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="user 1 has interacted with all 2 warm items"):
        NegativeSampler(np.array([[0, 0], [1, 0], [1, 1]]), n_users=2, n_items=2)
