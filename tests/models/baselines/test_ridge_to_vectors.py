"""Warm vectors stay, cold ones come from the text."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import ridge_to_vectors
from models.baselines.text_directions import text_directions

RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.normal(size=(60, 6)).astype(np.float32)
WARM = np.arange(50)
USERS = RNG.normal(size=(7, 3)).astype(np.float32)


def test_a_linear_truth_is_recovered_for_cold_items():
    directions = text_directions(EMBEDDINGS, WARM)
    truth = (directions @ RNG.normal(size=(6, 3)) + 0.5).astype(np.float32)
    factors = ridge_to_vectors.fit(
        EMBEDDINGS, warm_items=WARM, user_vectors=USERS, warm_vectors=truth[WARM], penalty=1e-6
    )
    np.testing.assert_allclose(factors.items[50:], truth[50:], atol=0.1)
    np.testing.assert_array_equal(factors.users, USERS)


def test_warm_items_keep_their_vectors_bitwise():
    warm = RNG.normal(size=(50, 3)).astype(np.float32)
    factors = ridge_to_vectors.fit(EMBEDDINGS, warm_items=WARM, user_vectors=USERS, warm_vectors=warm)
    np.testing.assert_array_equal(factors.items[WARM], warm)


def test_refusals():
    warm = RNG.normal(size=(50, 3)).astype(np.float32)
    with pytest.raises(ValueError, match="penalty must be positive, got -1"):
        ridge_to_vectors.fit(EMBEDDINGS, warm_items=WARM, user_vectors=USERS, warm_vectors=warm, penalty=-1.0)
    with pytest.raises(ValueError, match=r"warm_vectors must have shape \(50, 3\), got \(49, 3\)"):
        ridge_to_vectors.fit(EMBEDDINGS, warm_items=WARM, user_vectors=USERS, warm_vectors=warm[1:])
