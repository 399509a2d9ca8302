"""Only what was judged alike is compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.audience import AudienceSide
from evaluation.comparison import compare_audiences, compare_users
from evaluation.user_side import UserSide

USERS = UserSide("cold", "test", "B", np.array([1, 5]), {("ndcg", 20): np.array([0.5, 0.25])})
OTHER = replace(USERS, values={("ndcg", 20): np.array([0.25, 0.25])})
ITEMS = AudienceSide("both", np.array([3]), {("recall", 20): np.array([1 / 2])}, {}, {})


def test_difference_by_hand():
    found = compare_users(("a", "b"), (USERS, OTHER), metric="ndcg", k=20)
    assert found.difference == pytest.approx((0.25 + 0) / 2)
    assert (found.model, found.reference, found.setting, found.metric, found.n) == (
        "a",
        "b",
        "cold",
        "ndcg@20",
        2,
    )
    same = compare_audiences(("a", "b"), (ITEMS, ITEMS), metric="recall", k=20)
    assert (same.difference, same.low, same.high, same.side) == (0, 0, 0, "audience")


@pytest.mark.parametrize(
    "change", [{"evaluator": "A"}, {"setting": "warm"}, {"phase": "validation"}, {"users": np.array([1, 6])}]
)
def test_refuses_what_was_judged_differently(change):
    with pytest.raises(ValueError, match="a and b were judged differently"):
        compare_users(("a", "b"), (USERS, replace(OTHER, **change)), metric="ndcg", k=20)


def test_refuses_different_items():
    with pytest.raises(ValueError, match="different cold items"):
        compare_audiences(("a", "b"), (ITEMS, replace(ITEMS, items=np.array([4]))), metric="recall", k=20)
