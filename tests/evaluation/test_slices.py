"""Slices by hand."""

from __future__ import annotations

import numpy as np

from evaluation.slices import item_slices, user_slices


def test_users_are_cut_by_activity_and_by_when_they_joined():
    degrees = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    tokens = np.array([9, 8, 7, 6, 5, 4, 3, 20, 30, 40])
    new, heavy, light = user_slices(np.array([0, 2, 8, 9]), degrees=degrees, tokens=tokens)
    assert [one.name for one in (new, heavy, light)] == ["new users", "heavy users", "light users"]
    assert new.members.tolist() == [False, False, True, True]
    assert heavy.members.tolist() == [False, False, True, True]  # above 8.2
    assert light.members.tolist() == [True, False, False, False]  # at most 2.8


def test_items_are_cut_by_popularity_and_arrival():
    tail, newer, older = item_slices(np.array([3, 10, 20, 30, 40]), n_true=np.array([1, 1, 2, 9, 3]))
    assert tail.members.tolist() == [True, True, True, False, True]
    assert newer.members.tolist() == [False, False, False, True, True]
    assert older.members.tolist() == [True, True, True, False, False]


def test_nobody_is_in_no_slice():
    none = np.zeros(0, dtype=np.int64)
    for one in [*user_slices(none, degrees=none, tokens=none), *item_slices(none, n_true=none)]:
        assert one.members.shape == (0,)
