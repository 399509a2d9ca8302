"""Membership of pairs against Python's own sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.pair_set import PairSet
from tests.evaluation.worlds import pairs

some_pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=20)


@settings(max_examples=50)
@given(some_pairs, some_pairs)
def test_contains_and_shared_agree_with_sets(held, asked):
    mine = PairSet.of(pairs(held), 5)
    wanted = pairs(asked)
    assert mine.contains(wanted[:, 0], wanted[:, 1]).tolist() == [pair in set(held) for pair in asked]
    shared = mine.shared_with(PairSet.of(wanted, 5))
    assert [tuple(pair) for pair in shared.tolist()] == sorted(set(held) & set(asked))
    assert [tuple(pair) for pair in mine.pairs().tolist()] == sorted(set(held))
    assert len(mine) == len(set(held))


def test_padding_is_never_contained():
    mine = PairSet.of(pairs([(0, 4), (1, 0)]), 5)
    assert not mine.contains(
        np.array([1, 1]), np.array([-1, -1])
    ).any()  # 1 * 5 - 1 would be the key of (0, 4)


def test_refuses_wrong_shapes_and_items_out_of_range():
    with pytest.raises(ValueError, match=r"shape \(N, 2\), got \(3,\)"):
        PairSet.of(np.arange(3), 5)
    with pytest.raises(ValueError, match="item indices 5 to 5, expected 0 to 4"):
        PairSet.of(pairs([(0, 5)]), 5)
