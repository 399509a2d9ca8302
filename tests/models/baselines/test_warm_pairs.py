"""Draws are of the right kind, uniform, and batches cover everything once."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines.warm_pairs import PairDraws, WarmPairs, shuffled_batches, triple_batches
from tests.models.baselines.rival_worlds import by_hand, rival_input

PAIRS = np.array([(0, 1), (0, 3), (1, 0), (2, 4), (0, 3)])


def draws_of() -> PairDraws:
    """Three rows, five columns, one pair twice."""
    return PairDraws(PAIRS, n_rows=3, n_columns=5)


def test_seen_and_unseen_columns_are_drawn_uniformly():
    draws, generator = draws_of(), np.random.default_rng(0)
    rows = np.zeros((50, 200), dtype=np.int64)
    seen = draws.seen(rows, generator=generator)
    unseen = draws.unseen(rows, generator=generator)
    assert seen.shape == unseen.shape == rows.shape
    np.testing.assert_allclose(
        np.bincount(seen.ravel(), minlength=5) / 10_000, [0, 0.5, 0, 0.5, 0], atol=0.02
    )
    third = 1 / 3
    np.testing.assert_allclose(
        np.bincount(unseen.ravel(), minlength=5) / 10_000, [third, 0, third, 0, third], atol=0.02
    )
    np.testing.assert_array_equal(draws.seen_by(0), [1, 3])
    np.testing.assert_array_equal(draws.degrees, [2, 1, 1])


def test_which_columns_were_seen():
    found = draws_of().seen_among(np.array([2, 0, 0]), np.array([3, 4, 0]))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 0], [1, 0, 0]])


def test_a_row_with_all_columns_is_refused():
    full = np.array([(0, 0), (1, 0), (1, 1)])
    with pytest.raises(ValueError, match="row 1 of the training pairs has all 2 columns"):
        PairDraws(full, n_rows=2, n_columns=2)


def test_positions_count_warm_items_without_gaps():
    data = by_hand()
    warm = WarmPairs.of(data)
    np.testing.assert_array_equal(data.warm_items[warm.pairs[:, 1]], data.train[:, 1])
    np.testing.assert_array_equal(warm.of_items.seen_by(3), [4, 5])


@pytest.mark.parametrize(("n", "at_most"), [(2, 4), (33, 32), (1000, 7), (65, 1024)])
def test_batches_hold_everything_once_and_no_batch_is_one_row(n, at_most):
    parts = list(shuffled_batches(n, at_most, generator=np.random.default_rng(0)))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    sizes = [len(part) for part in parts]
    assert min(sizes) >= 2
    assert max(sizes) <= max(3, at_most)


def test_triples_hold_each_pair_once_with_unseen_warm_items():
    warm = WarmPairs.of(rival_input())
    batches = list(triple_batches(rival_input(), 64, generator=np.random.default_rng(0))(1))
    met = np.concatenate([np.stack((b.users.numpy(), b.positives.numpy()), axis=1) for b in batches])
    np.testing.assert_array_equal(np.unique(met, axis=0), np.unique(warm.pairs, axis=0))
    assert len(met) == len(warm.pairs)
    pairs = {tuple(pair) for pair in warm.pairs.tolist()}
    assert all(
        (u, j) not in pairs
        for b in batches
        for u, j in zip(b.users.tolist(), b.negatives.tolist(), strict=True)
    )
