"""Popularity bias by hand: four items with 8, 4, 2 and 1 interactions, of ten users."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import popularity_bias as bias

POPULARITY = np.array([8, 4, 2, 1])
LISTS = np.array([[0, 1], [0, 3], [2, -1]])


def test_the_tail_is_what_is_outside_the_upper_fifth():
    assert bias.long_tail(POPULARITY).tolist() == [False, True, True, True]
    assert bias.long_tail(np.full(5, 3)).all()


def test_the_means_by_hand():
    epc = bias.expected_popularity_complement(LISTS, POPULARITY, n_users=10)
    assert epc == pytest.approx(np.mean([1 - 0.8, 1 - 0.4, 1 - 0.8, 1 - 0.1, 1 - 0.2]))
    assert bias.average_recommendation_popularity(LISTS, POPULARITY) == pytest.approx((6 + 4.5 + 2) / 3)
    assert bias.average_coverage_of_long_tail(LISTS, bias.long_tail(POPULARITY)) == pytest.approx(
        (1 + 1 + 1) / 3
    )
    assert bias.item_coverage(LISTS, n_items=5) == 4 / 5


def test_equal_opportunity_is_zero_and_a_head_alone_is_one():
    tail = np.array([True, True, False, False])
    assert bias.popularity_opportunity_bias(np.array([True, False, True, False]), tail) == 0
    assert bias.popularity_opportunity_bias(np.array([False, False, True, True]), tail) == 1
    some = bias.popularity_opportunity_bias(np.array([True, False, True, True]), tail)
    assert some == pytest.approx(np.std([0.5, 1]) / 0.75)
    assert np.isnan(bias.popularity_opportunity_bias(np.array([False, False]), np.array([True, False])))
    assert np.isnan(bias.popularity_opportunity_bias(np.array([True, True]), np.array([True, True])))


def test_weak_users_have_little_and_get_little():
    activity = np.array([1, 2, 3, 9])
    assert bias.share_of_weak_users(activity, np.array([0.0, 0.9, 0.5, 0.0])) == 0.25  # the first alone
    assert bias.share_of_weak_users(activity, np.full(4, 0.5)) == 0


def test_an_empty_list_has_no_popularity():
    assert bias.average_recommendation_popularity(np.array([[-1, -1], [0, -1]]), POPULARITY) == 8
