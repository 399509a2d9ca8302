"""Rankings worked out by hand in a world of three users and four items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.published import PublishedSpace
from serving.recommender import (
    UnknownItemError,
    UnknownUserError,
    nearest_users,
    published_audience,
    recommend_items,
)
from tests.serving.worlds import ITEMS, USERS, space


def items_for(user: str, *, k: int = 4, seen: tuple[str, ...] = ()) -> list[tuple[str, float]]:
    return [(each.id, each.score) for each in recommend_items(space(), user, k=k, seen=seen)]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ada", [("tea", 4), ("rye", 3), ("oat/bran", 2), ("fig", 1)]),
        ("bo", [("oat/bran", 6), ("rye", 2), ("tea", 1), ("fig", 1)]),  # equal scores keep the items' order
        ("cy", [("oat/bran", 8), ("tea", 5), ("rye", 5), ("fig", 2)]),
    ],
)
def test_items_come_by_falling_score(user: str, expected: list[tuple[str, float]]) -> None:
    assert items_for(user) == expected


def test_seen_items_do_not_come_back() -> None:
    assert items_for("ada", k=2, seen=("tea",)) == [("rye", 3), ("oat/bran", 2)]


def test_fewer_are_returned_where_fewer_are_left() -> None:
    assert items_for("ada", k=100) == items_for("ada")
    assert items_for("ada", k=3, seen=("tea", "rye", "never placed")) == [("oat/bran", 2), ("fig", 1)]
    assert items_for("ada", seen=ITEMS) == []


def test_users_come_by_falling_score_without_those_who_have_the_item() -> None:
    ranked = nearest_users(space(), "oat/bran", k=3)
    assert [(each.id, each.score) for each in ranked] == [("cy", 8), ("bo", 6), ("ada", 2)]
    ranked = nearest_users(space(), "oat/bran", k=2, seen_by=("cy", "someone new"))
    assert [each.id for each in ranked] == ["bo", "ada"]


def test_a_published_audience_loses_those_who_have_the_item_since() -> None:
    predicted = [("bo", -0.5), ("ada", -1.0), ("cy", -2.5)]
    ranked = published_audience(predicted, k=2, seen_by=["bo"])
    assert [(each.id, each.score) for each in ranked] == [("ada", -1.0), ("cy", -2.5)]
    assert [each.id for each in published_audience(predicted, k=9)] == ["bo", "ada", "cy"]


def test_unknown_ids_are_named() -> None:
    with pytest.raises(UnknownUserError, match=r"user 'dee' is not among the 3 users of version 1"):
        recommend_items(space(), "dee", k=1)
    with pytest.raises(UnknownItemError, match=r"item 'ale' is not among the 4 items of version 1"):
        nearest_users(space(), "ale", k=1)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        recommend_items(space(), "ada", k=0)
    with pytest.raises(ValueError, match="k must be at least 1, got -2"):
        published_audience([("ada", -1.0)], k=-2)


def test_a_version_without_items_answers_with_nothing() -> None:
    empty = PublishedSpace(1, USERS, space().users, (), np.zeros((0, 2), np.float32))
    assert recommend_items(empty, "ada", k=5) == []


@given(seen=st.sets(st.sampled_from(ITEMS)), k=st.integers(1, 6), user=st.sampled_from(USERS))
def test_leaving_items_out_keeps_the_order_of_the_others(seen: set[str], k: int, user: str) -> None:
    everything = [each for each, _ in items_for(user)]
    left = [each for each in everything if each not in seen]
    assert [each for each, _ in items_for(user, k=k, seen=tuple(seen))] == left[:k]
