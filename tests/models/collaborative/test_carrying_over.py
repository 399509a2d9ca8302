from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.collaborative.carrying_over import carried_over
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.ials import fit_ials
from models.collaborative.ials_config import IalsConfig

CONFIG = IalsConfig(d=4, sweeps=3)


def camps(n_users: int, n_items: int) -> np.ndarray:
    """User and item of like parity meet."""
    return np.array([(u, i) for u in range(n_users) for i in range(n_items) if (u + i) % 2 == 0])


def old() -> CollaborativeEmbeddings:
    return fit_ials(camps(8, 10), n_users=8, n_items=10, config=CONFIG)


def rows(known: int, new: int) -> np.ndarray:
    return np.concatenate([np.arange(known), np.full(new, -1)])


def test_old_rows_stay_bit_for_bit_and_new_ones_lie_with_their_camp() -> None:
    earlier = old()
    train = camps(10, 12)
    found = carried_over(earlier, train, user_rows=rows(8, 2), item_rows=rows(10, 2), config=CONFIG)
    assert found.users[:8].tobytes() == earlier.users.tobytes()
    assert found.warm_items[:10].tobytes() == earlier.warm_items.tobytes()
    scores = found.users @ found.warm_items.T
    same = np.add.outer(np.arange(10), np.arange(12)) % 2 == 0
    assert scores[same].min() > 0.5 > scores[~same].max()


def test_a_new_user_of_nothing_but_new_items_is_reached_through_their_other_users() -> None:
    train = np.concatenate([camps(8, 10), [[0, 10], [2, 10], [8, 10]]])
    found = carried_over(old(), train, user_rows=rows(8, 1), item_rows=rows(10, 1), config=CONFIG)
    assert found.users[8] @ found.users[0] > found.users[8] @ found.users[1]


def test_ials_goes_on_from_where_it_was() -> None:
    train = camps(10, 12)
    short, long = IalsConfig(d=4, sweeps=1), IalsConfig(d=4, sweeps=2)
    first = fit_ials(train, n_users=10, n_items=12, config=short)
    second = fit_ials(train, n_users=10, n_items=12, config=short, start=first)
    both = fit_ials(train, n_users=10, n_items=12, config=long)
    assert second.users.tobytes() == both.users.tobytes()
    assert second.warm_items.tobytes() == both.warm_items.tobytes()
    with pytest.raises(ValueError, match="vectors of 12 warm items and 4 numbers"):
        fit_ials(train, n_users=10, n_items=12, config=short, start=old())


def test_new_rows_are_solved_under_the_regulariser_of_the_old_ones() -> None:
    earlier = replace(old(), regulariser=2.0)
    taken = {"user_rows": rows(8, 2), "item_rows": rows(10, 2)}
    found = carried_over(earlier, camps(10, 12), **taken, config=CONFIG)
    told = carried_over(earlier, camps(10, 12), **taken, config=replace(CONFIG, regulariser=2.0))
    other = carried_over(earlier, camps(10, 12), **taken, config=replace(CONFIG, regulariser=0.05))
    assert found.regulariser == 2.0
    np.testing.assert_array_equal(found.users, told.users)
    assert not np.array_equal(found.users, other.users)
