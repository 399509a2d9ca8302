"""Blind guessing: what any figure must be compared with first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.array_types import Indices, Matrix


@dataclass(frozen=True)
class Chance:
    """Scores that look random, yet are the same for a pair whenever and in whatever block it is asked for.

    Attributes:
        seed: Another seed is another guess.
    """

    seed: int

    def scores(self, user_index: Indices, item_index: Indices) -> Matrix:
        """Scores of users (b,) for items (c,), shape (b, c), float32, uniform in [0, 1)."""
        rows = _mixed(user_index.astype(np.uint64) + (np.uint64(self.seed) << np.uint64(32)))
        mixed = _mixed(rows[:, None] + item_index.astype(np.uint64)[None, :])  # (b, c)
        return ((mixed >> np.uint64(40)).astype(np.float32)) / np.float32(2**24)


def fit(*, seed: int) -> Chance:
    """Make a guesser.

    Args:
        seed: 0 <= seed < 2**32.

    Returns:
        The guesser.

    Raises:
        ValueError: If the seed is out of range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be in [0, 2**32), got {seed}")
    return Chance(seed)


def _mixed(
    numbers: np.ndarray[tuple[int, ...], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Scatter 64-bit numbers over their whole range (Steele et al. 2014, the finaliser of SplitMix64)."""
    z = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
