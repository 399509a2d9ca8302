"""What a text says about how often its item is taken."""

from __future__ import annotations

import numpy as np
import pytest

from models.baselines import text_popularity
from models.baselines.text_directions import text_directions

ITEMS, USERS = 40, 30


def world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts along two directions; items along the first are taken by ten users each, the others by one."""
    rng = np.random.default_rng(0)
    side = np.arange(ITEMS) % 2
    embeddings = (np.eye(2, 8)[side] + 0.1 * rng.standard_normal((ITEMS, 8))).astype(np.float32)
    warm = np.arange(30)
    pairs = [(user, item) for item in warm for user in range(1 if side[item] else 10)]
    return embeddings, warm, np.array(pairs, dtype=np.int64)


def fitted(**changes: float) -> text_popularity.Factors:
    embeddings, warm, train = world()
    return text_popularity.fit(train, embeddings=embeddings, warm_items=warm, n_users=USERS, **changes)  # type: ignore[arg-type]


def test_new_items_are_ranked_by_the_popularity_of_texts_like_theirs() -> None:
    scores = fitted().scores(np.arange(USERS), np.arange(30, ITEMS))
    assert (scores[:, 0::2].min(axis=1) > scores[:, 1::2].max(axis=1)).all()
    assert np.array_equal(scores, np.tile(scores[:1], (USERS, 1)))  # everybody gets the same


def test_it_is_kernel_ridge_on_the_logarithm() -> None:
    embeddings, warm, train = world()
    directions = text_directions(embeddings, warm).astype(np.float64)
    kernel = np.exp(directions @ directions[warm].T - 1)
    taken = np.log(np.bincount(train[:, 1], minlength=ITEMS)[warm])
    expected = kernel @ np.linalg.solve(kernel[warm] + 2.0 * np.eye(len(warm)), taken - taken.mean())
    np.testing.assert_allclose(fitted().items[:, 0], expected, atol=1e-2)


@pytest.mark.parametrize(
    ("changes", "message"), [({"penalty": 0}, "penalty"), ({"landmarks": 0}, "landmarks")]
)
def test_bad_settings_are_refused_by_name(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"{message} must be"):
        fitted(**changes)
