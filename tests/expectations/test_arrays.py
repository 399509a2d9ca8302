"""Predicates for arrays, each with a planted fault."""

from __future__ import annotations

import numpy as np
import pytest

from expectations.arrays import equal_arrays, finite, no_dead_rows, norms_comparable, shape_is

GOOD = np.ones((4, 3), dtype=np.float32)


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_found(fault: float) -> None:
    assert finite("vectors", GOOD).passed
    broken = GOOD.copy()
    broken[2, 1] = fault
    assert finite("vectors", broken).offenders == [2]
    assert finite("no vectors", GOOD[:0]).passed


def test_a_dead_row_is_found() -> None:
    assert no_dead_rows("vectors", GOOD * 1e-6).passed
    broken = GOOD.copy()
    broken[3] = 0
    assert no_dead_rows("vectors", broken).offenders == [3]


def test_shapes() -> None:
    assert shape_is("vectors", GOOD, (4, -1)).passed
    wrong = shape_is("vectors", GOOD, (5, 3))
    assert (wrong.passed, wrong.observed, wrong.threshold) == (False, "(4, 3)", "(5, 3)")
    assert not shape_is("vectors", GOOD, (12,)).passed


def test_one_changed_bit_is_found() -> None:
    touched = GOOD.copy()
    touched[1, 0] = np.nextafter(touched[1, 0], np.float32(2))
    assert equal_arrays("untouched", GOOD.copy(), GOOD).passed
    assert equal_arrays("untouched", touched, GOOD).offenders == [1]
    zeros = np.zeros((2, 2), dtype=np.float32)
    assert not equal_arrays("untouched", -zeros, zeros).passed  # minus zero has another bit
    assert not equal_arrays("untouched", GOOD.astype(np.float64), GOOD).passed
    assert not equal_arrays("untouched", GOOD[:3], GOOD).passed
    assert equal_arrays("untouched", GOOD[:0], GOOD[:0]).passed


@pytest.mark.parametrize(
    ("scale", "passed"), [(1.0, True), (9.0, True), (0.12, True), (11.0, False), (0.05, False)]
)
def test_lengths_within_a_factor_of_ten(scale: float, passed: bool) -> None:
    usual = float(np.sqrt(3))
    found = norms_comparable("placed", GOOD * np.float32(scale), usual=usual)
    assert found.passed is passed
    assert len(found.offenders) == (0 if passed else 4)
    assert norms_comparable("placed", GOOD[:0], usual=usual).passed
    assert not norms_comparable("placed", GOOD, usual=0.0).passed
