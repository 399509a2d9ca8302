"""The best columns against a plain sort; ties in a seeded order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.top_k import shuffled, tie_starts, top_columns
from tests.evaluation.worlds import pairs


def plain(scores, k, starts):
    """One row after the other: sort by falling score, then by place after the start."""
    n_columns = scores.shape[1]
    ranked = np.full((len(scores), k), -1)
    for row, line in enumerate(scores):
        order = sorted(range(n_columns), key=lambda c: (-line[c], (c - starts[row]) % n_columns))
        allowed = [c for c in order if line[c] > -np.inf][:k]
        ranked[row, : len(allowed)] = allowed
    return ranked


@settings(max_examples=60)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 12), st.sampled_from([1, 2, 5, 1000]))
def test_equals_a_plain_sort(seed, n_columns, k, levels):
    rng = np.random.default_rng(seed)
    scores = (rng.integers(-levels, levels, size=(4, n_columns)) / 7).astype(np.float32)
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    starts = rng.integers(0, n_columns, size=4)
    np.testing.assert_array_equal(top_columns(scores, k=k, starts=starts), plain(scores, k, starts))


@pytest.mark.parametrize("levels", [3, 10**6])
def test_equals_a_plain_sort_on_long_rows(levels):
    rng = np.random.default_rng(5)
    scores = (rng.integers(0, levels, size=(6, 900)) / 3).astype(np.float32)
    scores[2] = 1.0
    scores[3, 4:] = -np.inf
    starts = rng.integers(0, 900, size=6)
    np.testing.assert_array_equal(top_columns(scores, k=20, starts=starts), plain(scores, 20, starts))


def test_negative_zero_ties_with_zero():
    scores = np.array([[-0.0, 0.0, -0.0]], dtype=np.float32)
    assert top_columns(scores, k=3, starts=np.array([1])).tolist() == [[1, 2, 0]]


def test_shuffle_depends_on_the_seed_alone():
    items = np.arange(50)
    np.testing.assert_array_equal(shuffled(items, seed=3), shuffled(items[::-1], seed=3))
    assert (shuffled(items, seed=3) != shuffled(items, seed=4)).any()


def test_tie_starts_follow_the_history_not_the_user_number():
    history = pairs([(0, 1), (0, 2), (1, 5), (2, 1), (2, 2)])
    first, other, same = tie_starts(np.arange(3), history, n_columns=1000, seed=0)
    assert first == same
    assert first != other


def test_scores_without_signal_rank_every_column_equally_often():
    rng = np.random.default_rng(0)
    scores = np.zeros((20_000, 10), dtype=np.float32)
    first = top_columns(scores, k=1, starts=rng.integers(0, 10, size=20_000))[:, 0]
    counts = np.bincount(first, minlength=10)
    assert abs(counts - 2000).max() < 4 * np.sqrt(20_000 * 0.1 * 0.9)
