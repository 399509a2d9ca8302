from __future__ import annotations

import numpy as np

from models.filterllm.fusion import fuse

rng = np.random.default_rng(0)
USERS = rng.standard_normal((9, 5)).astype(np.float32)
ITEMS = rng.standard_normal((20, 5)).astype(np.float32)


def test_full_width_keeps_every_score() -> None:
    table, back = fuse(USERS, ITEMS, width=5)
    np.testing.assert_allclose(table @ (ITEMS @ back).T, USERS @ ITEMS.T, atol=1e-4)


def test_a_narrow_table_is_the_best_of_its_width() -> None:
    scores = USERS.astype(np.float64) @ ITEMS.T
    table, back = fuse(USERS, ITEMS, width=2)
    assert (table.shape, back.shape) == ((9, 2), (5, 2))
    left, sizes, right = np.linalg.svd(scores)
    best = (left[:, :2] * sizes[:2]) @ right[:2]
    np.testing.assert_allclose(table @ (ITEMS @ back).T, best, atol=1e-3)


def test_numbers_in_which_no_item_differs_are_left_out() -> None:
    flat = ITEMS.copy()
    flat[:, 3] = 0
    table, back = fuse(USERS, flat, width=5)
    assert table.shape == (9, 4)
    np.testing.assert_allclose(table @ (flat @ back).T, USERS @ flat.T, atol=1e-4)
