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


def test_fewer_items_than_numbers_do_not_limit_what_a_new_item_may_be() -> None:
    new = rng.standard_normal((7, 5)).astype(np.float32)
    table, back = fuse(USERS, ITEMS[:2], width=5)
    assert table.shape == (9, 5)
    np.testing.assert_allclose(table @ (new @ back).T, USERS @ new.T, atol=1e-3)


def test_what_no_user_tells_apart_takes_no_numbers() -> None:
    few = USERS[:3]
    table, back = fuse(few, ITEMS, width=5)
    assert table.shape == (3, 3)
    np.testing.assert_allclose(table @ (ITEMS @ back).T, few @ ITEMS.T, atol=1e-4)


def test_a_narrow_table_keeps_what_the_items_have_before_what_they_have_not() -> None:
    flat = ITEMS.copy()
    flat[:, 3] = 0
    table, back = fuse(USERS, flat, width=4)
    np.testing.assert_allclose(table @ (flat @ back).T, USERS @ flat.T, atol=1e-3)
