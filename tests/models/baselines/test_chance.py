"""Guesses that are uniform, and differ between seeds."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import chance


def test_guesses_are_uniform_and_independent_of_the_pair():
    scores = chance.fit(seed=1).scores(np.arange(300), np.arange(400))
    assert scores.min() >= 0
    assert scores.max() < 1
    assert scores.mean() == pytest.approx(0.5, abs=0.005)
    assert scores.std() == pytest.approx((1 / 12) ** 0.5, abs=0.005)
    assert abs(np.corrcoef(scores[0], scores[1])[0, 1]) < 0.2
    assert abs(np.corrcoef(scores[:, 0], scores[:, 1])[0, 1]) < 0.2
    assert np.bincount(scores.argmax(axis=1), minlength=400).max() < 8


def test_another_seed_is_another_guess():
    users, items = np.arange(10), np.arange(10)
    assert (chance.fit(seed=1).scores(users, items) != chance.fit(seed=2).scores(users, items)).all()


def test_refuses_seeds_out_of_range():
    with pytest.raises(ValueError, match=r"seed must be in \[0, 2\*\*32\), got -1"):
        chance.fit(seed=-1)
