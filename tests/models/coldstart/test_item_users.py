"""Simulated and real users of an item, put together by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.coldstart.item_users import ItemUsers, chosen_users
from models.coldstart.top_users import TopUsers

PSEUDO = TopUsers(np.array([[3, 1], [0, 2]]), np.log(np.array([[0.6, 0.2], [0.25, 0.25]], dtype=np.float32)))
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


def test_by_hand() -> None:
    known = ItemUsers.collect(PSEUDO, np.array([[1, 3], [1, 0], [1, 3]]), n_users=5, pseudo_weight=0.5)
    assert known.offsets.tolist() == [0, 2, 5]
    assert known.users.tolist() == [1, 3, 0, 2, 3]
    assert known.items.tolist() == [0, 0, 1, 1, 1]
    assert known.weights.tolist() == [0.5, 0.5, 1, 0.5, 1]  # user 0 of item 1 is real
    np.testing.assert_allclose(known.initial_weights, [0.25, 0.75, 1, 0.5, 1], rtol=1e-6)


def test_simulated_users_fade_as_real_ones_come() -> None:
    real = np.array([[1, 3], [1, 0], [1, 3]])
    known = ItemUsers.collect(PSEUDO, real, n_users=5, pseudo_weight=0.5, pseudo_halves_at=2.0)
    assert known.weights.tolist() == [0.5, 0.5, 1, 0.25, 1]  # item 1 has two real users: half of .5 is left
    np.testing.assert_allclose(known.initial_weights, [0.25, 0.75, 1, 0.25, 1], rtol=1e-6)


def test_real_users_alone() -> None:
    known = ItemUsers.collect(None, np.array([[1, 4], [0, 2]]), n_users=5, pseudo_weight=0.5)
    assert known.users.tolist() == [2, 4]
    assert known.weights.tolist() == known.initial_weights.tolist() == [1, 1]


def test_rows_are_a_part() -> None:
    known = ItemUsers.collect(PSEUDO, NO_PAIRS, n_users=5, pseudo_weight=1.0)
    part = known.rows(1, 2)
    assert part.offsets.tolist() == [0, 2]
    assert part.users.tolist() == [0, 2]


def test_what_is_broken_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        ItemUsers.collect(PSEUDO, np.zeros(2, np.int64), n_users=5, pseudo_weight=1)
    with pytest.raises(ValueError, match=r"item positions must be in \[0, 2\), got 2 to 2"):
        ItemUsers.collect(PSEUDO, np.array([[2, 0]]), n_users=5, pseudo_weight=1)
    with pytest.raises(ValueError, match=r"user_index must be in \[0, 5\), got 5 to 5"):
        ItemUsers.collect(PSEUDO, np.array([[0, 5]]), n_users=5, pseudo_weight=1)
    with pytest.raises(ValueError, match="pseudo's users must be below 3, got 3"):
        ItemUsers.collect(PSEUDO, NO_PAIRS, n_users=3, pseudo_weight=1)
    with pytest.raises(ValueError, match=r"1 of 3 items have neither .* \(first positions: \[1\]\)"):
        ItemUsers.collect(None, np.array([[0, 0], [2, 0]]), n_users=5, pseudo_weight=1)
    with pytest.raises(ValueError, match="users_per_item is 3, but only 2 users per item were kept"):
        chosen_users(PSEUDO, users_per_item=3, draw="top", seed=0)
