"""What is revealed is never judged, and every step is asked the same."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.protocol import rank_for_users
from evaluation.revealing import Revealing
from evaluation.scorer import FactorScorer

N_USERS, N_ITEMS = 30, 8
PAIRS = np.argwhere(np.random.default_rng(3).random((N_USERS, N_ITEMS)) < np.linspace(0.02, 0.9, N_ITEMS))


def as_set(pairs: np.ndarray) -> set[tuple[int, int]]:  # type: ignore[type-arg]
    return set(map(tuple, pairs.tolist()))


def test_pool_and_judged_part_an_items_pairs() -> None:
    drawn = Revealing.draw(PAIRS, size=4, seed=0)
    counts = np.bincount(PAIRS[:, 1], minlength=N_ITEMS)
    assert drawn.items.tolist() == np.flatnonzero(counts > 4).tolist()
    pool = as_set(drawn.pairs(4))
    assert len(pool) == 4 * len(drawn.items)
    assert not pool & as_set(drawn.judged)
    assert pool | as_set(drawn.judged) == as_set(PAIRS[np.isin(PAIRS[:, 1], drawn.items)])


def test_steps_are_nested_and_positions_name_the_items() -> None:
    drawn = Revealing.draw(PAIRS, size=4, seed=0)
    assert len(drawn.pairs(0)) == 0
    assert as_set(drawn.pairs(1)) < as_set(drawn.pairs(3)) < as_set(drawn.pairs(4))
    rows, users = drawn.positions(3).T
    assert as_set(np.column_stack([users, drawn.items[rows]])) == as_set(drawn.pairs(3))


def test_the_draw_depends_on_the_seed_and_not_on_the_order() -> None:
    drawn = Revealing.draw(PAIRS, size=4, seed=0)
    assert np.array_equal(Revealing.draw(PAIRS[::-1], size=4, seed=0).pool, drawn.pool)
    assert not np.array_equal(Revealing.draw(PAIRS, size=4, seed=1).pool, drawn.pool)


def test_a_revealed_pair_is_never_ranked_and_never_judged() -> None:
    drawn = Revealing.draw(PAIRS, size=4, seed=0)
    among = drawn.items[::2]
    task = drawn.task(among, n_items=N_ITEMS)
    assert set(task.truth[:, 1]) <= set(among)
    assert task.candidates.tolist() == drawn.items.tolist()
    table = np.zeros((N_USERS, N_ITEMS), dtype=np.float32)
    table[tuple(drawn.pairs(4).T)] = 100  # a model that has learned every revealed pair by heart
    ranked = rank_for_users(FactorScorer(table, np.eye(N_ITEMS, dtype=np.float32)), task, k=N_ITEMS)
    listed = {(u, i) for u, items in zip(ranked.users, ranked.items, strict=True) for i in items if i >= 0}
    assert not listed & as_set(drawn.pairs(4))
    assert ranked.hits.sum() == len(task.truth) == ranked.n_true.sum()


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no cold item has more than 30 users"):
        Revealing.draw(PAIRS, size=30, seed=0)
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        Revealing.draw(PAIRS, size=0, seed=0)
    drawn = Revealing.draw(PAIRS, size=4, seed=0)
    with pytest.raises(ValueError, match=r"k must be in 0\.\.4, the pool's size, got 5"):
        drawn.pairs(5)
    with pytest.raises(ValueError, match="among holds none"):
        drawn.task(np.array([], dtype=np.int64), n_items=N_ITEMS)
