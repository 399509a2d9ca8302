"""Drift of texts: nothing between equals, everything between strangers."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.text_drift import energy_coefficient, foreign_texts, unknown_words, vocabulary


def test_two_points_are_as_far_as_can_be_and_equal_ones_not_at_all():
    zeros, ones = np.zeros((3, 2), dtype=np.float32), np.ones((4, 2), dtype=np.float32)
    assert energy_coefficient(zeros, ones) == pytest.approx(1)
    assert energy_coefficient(zeros, zeros) == 0


def test_by_hand():
    a = np.array([[0.0], [2.0]], dtype=np.float32)
    b = np.array([[1.0], [5.0]], dtype=np.float32)
    between = np.mean([1, 5, 1, 3])  # |0-1|, |0-5|, |2-1|, |2-5|
    assert energy_coefficient(a, b) == pytest.approx(max(0, (2 * between - 2 - 4) / (2 * between)))
    c = np.array([[9.0], [11.0]], dtype=np.float32)
    assert energy_coefficient(a, c) == pytest.approx((2 * 9 - 2 - 2) / 18)


def test_samples_of_one_distribution_are_near_and_a_shift_grows_it():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(300, 16)).astype(np.float32)
    same = rng.normal(size=(300, 16)).astype(np.float32)
    found = [energy_coefficient(same + shift, base) for shift in (0, 0.5, 1, 3)]
    assert found[0] < 0.005
    assert found == sorted(found)
    assert found[3] > 0.3


def test_words_and_languages():
    known = vocabulary(["The red cheese", "a law of cheese"])
    assert known == {"the", "red", "cheese", "a", "law", "of"}
    assert unknown_words(["Red cheese", "of wine"], known) == 0.25
    assert foreign_texts(["Red cheese", "ein roter Wein", "of wine"], known) == pytest.approx(1 / 3)
    assert (unknown_words([""], known), foreign_texts([], known)) == (0, 0)
