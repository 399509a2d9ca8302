"""A part of the training pairs, and nothing else, is taken away."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from assets.benchmark.training_share import Share, cut_to
from data.snapshot import Snapshot
from data.split import ItemRole
from tests.assets.benchmark.worlds import USERS, WARM


@pytest.mark.parametrize(("of", "part", "kept"), [("items", 0.25, WARM // 4), ("users", 0.5, USERS // 2)])
def test_the_drawn_keep_all_their_training_pairs(
    snapshot: Snapshot, of: Literal["items", "users"], part: float, kept: int
) -> None:
    smaller, numbers = cut_to(Share(of, part), snapshot, 42)
    named = np.argsort(numbers)[(numbers < 0).sum() :]  # user of the whole, by number in the smaller
    found = {(named[user], item) for user, item in smaller.split.train}
    column = 1 if of == "items" else 0
    left = {pair[column] for pair in found}
    assert len(left) == kept
    assert found == {tuple(pair) for pair in snapshot.split.train if pair[column] in left}
    assert [smaller.users.ids[numbers[user]] for user in named] == list(snapshot.users.ids[named])


def test_held_out_items_and_the_order_of_items_stay(snapshot: Snapshot) -> None:
    smaller, numbers = cut_to(Share("items", 0.25), snapshot, 42)
    assert list(smaller.items.ids) == list(snapshot.items.ids)
    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    assert (smaller.split.item_role[cold] == snapshot.split.item_role[cold]).all()
    assert len(smaller.split.items_with_role(ItemRole.UNTRAINED)) == WARM - WARM // 4
    held_out = snapshot.split.validation.cold
    assert len(smaller.split.validation.cold) == (numbers[held_out[:, 0]] >= 0).sum()


def test_another_seed_or_share_is_other_data(snapshot: Snapshot) -> None:
    made = [
        cut_to(Share(of, part), snapshot, seed)[0].content_hash
        for of, part, seed in (
            ("items", 0.5, 42),
            ("items", 0.5, 43),
            ("users", 0.5, 42),
            ("items", 0.25, 42),
        )
    ]
    assert len({snapshot.content_hash, *made}) == 5
    again, _ = cut_to(Share("items", 0.5), snapshot, 42)
    assert again.content_hash == made[0]


def test_the_whole_is_the_whole(snapshot: Snapshot) -> None:
    smaller, numbers = cut_to(Share("items", 1.0), snapshot, 42)
    assert (smaller.split.train == snapshot.split.train).all()
    assert (numbers == np.arange(USERS)).all()


@pytest.mark.parametrize("part", [0.0, 1.1, float("nan")])
def test_impossible_shares_are_refused(part: float) -> None:
    with pytest.raises(ValueError, match="part must be above 0"):
        Share("users", part)
