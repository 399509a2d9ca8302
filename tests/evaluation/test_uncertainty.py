"""Intervals against the formula for a mean, and the coverage that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import uncertainty
from evaluation.uncertainty import bootstrap_interval, bootstrap_intervals, paired_difference


def test_width_is_that_of_the_normal_approximation():
    values = np.random.default_rng(0).normal(3, 2, size=2000)
    interval = bootstrap_interval(values, resamples=4000)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.06 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.06 * half)
    assert interval.n == 2000


def test_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(300):
        interval = bootstrap_interval(rng.exponential(1.0, size=80), seed=seed, resamples=300)
        hits += interval.low <= 1.0 <= interval.high
    assert 0.89 <= hits / 300 <= 0.98


@settings(max_examples=40)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.integers(0, 1000))
def test_interval_contains_the_mean_and_stays_within_the_values(values, seed):
    interval = bootstrap_interval(np.array(values), seed=seed, resamples=50, level=0.999)
    slack = 1e-12
    assert min(values) - slack <= interval.low <= interval.high <= max(values) + slack


def test_one_value_and_constant_values_have_no_width():
    for values in ([0.25], [0.25] * 9):
        interval = bootstrap_interval(np.array(values))
        assert (interval.low, interval.mean, interval.high) == (0.25, 0.25, 0.25)


def test_nan_is_left_out():
    interval = bootstrap_interval(np.array([1.0, np.nan, 3.0]))
    assert (interval.mean, interval.n) == (2.0, 2)


def test_same_seed_same_interval_and_other_seed_another():
    values = np.random.default_rng(2).random(50)
    assert bootstrap_interval(values, seed=5) == bootstrap_interval(values, seed=5)
    assert bootstrap_interval(values, seed=5) != bootstrap_interval(values, seed=6)


def test_columns_share_their_resamples():
    values = np.random.default_rng(3).random(60)
    one, two = bootstrap_intervals(np.stack([values, values + 1], axis=1))
    assert two.low == pytest.approx(one.low + 1)
    assert two.high == pytest.approx(one.high + 1)


def test_blocks_change_nothing(monkeypatch):
    values = np.random.default_rng(4).random(40)
    whole = bootstrap_interval(values, resamples=200)
    monkeypatch.setattr(uncertainty, "BLOCK_DRAWS", 400)
    assert bootstrap_interval(values, resamples=200) == pytest.approx(whole)


def test_pairing_is_narrower_than_two_intervals():
    rng = np.random.default_rng(5)
    base = rng.random(500)
    a = base + 0.01 + 0.001 * rng.normal(size=500)
    paired = paired_difference(a, base)
    assert paired.mean == pytest.approx((a - base).mean())
    assert paired.high - paired.low < 0.01 * (bootstrap_interval(a).high - bootstrap_interval(a).low) * 10
    assert paired.low > 0


def test_paired_difference_is_antisymmetric():
    rng = np.random.default_rng(6)
    a, b = rng.random(30), rng.random(30)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert (forth.mean, forth.low, forth.high) == pytest.approx((-back.mean, -back.high, -back.low))


def test_refusals():
    with pytest.raises(ValueError, match="at least one row"):
        bootstrap_interval(np.array([np.nan]))
    with pytest.raises(ValueError, match="level must be in"):
        bootstrap_interval(np.ones(3), level=1.0)
    with pytest.raises(ValueError, match="resamples at least 1"):
        bootstrap_interval(np.ones(3), resamples=0)
    with pytest.raises(ValueError, match="values hold nan"):
        bootstrap_intervals(np.array([[np.nan]]))
    with pytest.raises(ValueError, match=r"same users, got shapes \(3,\) and \(4,\)"):
        paired_difference(np.ones(3), np.ones(4))
