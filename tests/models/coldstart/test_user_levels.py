"""How high a kind of items stands for each user."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coldstart import user_levels as module
from models.coldstart.user_levels import DEPTH, user_levels

NOTHING = np.empty((0, 2), dtype=np.int64)
USERS = np.array([[1.0], [2.0], [-1.0]], dtype=np.float32)
ITEMS = np.arange(1.0, 9.0, dtype=np.float32)[:, None]  # eight: a quarter of them is two


def test_it_is_the_mean_of_the_best_quarter() -> None:
    assert user_levels(USERS, ITEMS, seen=NOTHING).tolist() == [(8 + 7) / 2, 8 + 7, -(1 + 2) / 2]


def test_what_a_user_has_seen_does_not_count() -> None:
    seen = np.array([[1, 7], [0, 6], [1, 6]])
    assert user_levels(USERS, ITEMS, seen=seen).tolist() == [(8 + 6) / 2, 6 + 5, -(1 + 2) / 2]


def test_a_user_who_has_seen_nearly_all_or_all() -> None:
    but_one = np.array([[0, row] for row in range(7)] + [[2, row] for row in range(8)])
    assert user_levels(USERS, ITEMS, seen=but_one).tolist() == [8.0, 15.0, 0.0]


def test_of_many_items_so_many_are_looked_at() -> None:
    items = np.arange(1000.0, dtype=np.float32)[:, None]
    assert user_levels(USERS[:1], items, seen=NOTHING) == pytest.approx(np.arange(1000 - DEPTH, 1000).mean())


@given(st.integers(0, 2**32 - 1))
def test_permuting_users_permutes_levels_and_blocks_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, items = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=(9, 3)).astype(np.float32)
    seen = np.argwhere(rng.random((7, 9)) < 0.3)
    whole = user_levels(users, items, seen=seen)
    order = rng.permutation(7)
    renamed = np.column_stack([np.argsort(order)[seen[:, 0]], seen[:, 1]])
    assert user_levels(users[order], items, seen=renamed) == pytest.approx(whole[order], abs=1e-6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "USERS_PER_BLOCK", 2)
        assert user_levels(users, items, seen=seen) == pytest.approx(whole, abs=1e-6)


def test_an_even_sample_stands_for_very_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ITEMS", 5)
    items = np.arange(17.0, dtype=np.float32)[:, None]  # 0, 4, 8, 12, 16 are looked at, a quarter: one
    seen = np.array([[0, 16], [0, 15]])
    assert user_levels(USERS[:1], items, seen=seen).tolist() == [12.0]
