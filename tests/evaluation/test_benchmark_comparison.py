"""Seeds are averaged for every user before models are compared over users."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.benchmark_comparison import compare_with, mean_over_seeds
from evaluation.user_side import UserSide


def side(values, users=(0, 1, 2)):
    """NDCG@20 of a few users."""
    return UserSide("cold", "test", "B", np.array(users), {("ndcg", 20): np.array(values, dtype=np.float64)})


def test_each_user_has_the_mean_of_the_seeds():
    mean = mean_over_seeds([side([0.0, 0.2, 1.0]), side([1.0, 0.4, 1.0])])
    assert mean.values["ndcg", 20].tolist() == pytest.approx([0.5, 0.3, 1.0])


def test_other_users_and_no_seeds_are_refused():
    with pytest.raises(ValueError, match="different splits"):
        mean_over_seeds([side([0, 0, 0]), side([0, 0, 0], users=(0, 1, 3))])
    with pytest.raises(ValueError, match="at least one training"):
        mean_over_seeds([])


def test_every_model_is_compared_with_the_reference():
    sides = {"a": {42: side([0.5, 0.5, 0.5])}, "b": {42: side([0.1, 0.2, 0.3])}}
    (found,) = compare_with(sides, "b", metrics=[("ndcg", 20)])
    assert (found.model, found.reference, found.n) == ("a", "b", 3)
    assert found.difference == pytest.approx(0.3)
    assert found.low <= found.difference <= found.high
    assert compare_with(sides, "c") == []


def test_only_seeds_of_both_are_compared():
    sides = {
        "a": {42: side([0.5, 0.5, 0.5]), 44: side([0.9, 0.9, 0.9])},
        "b": {42: side([0.2, 0.2, 0.2]), 43: side([0.8, 0.8, 0.8])},
        "c": {43: side([0.8, 0.8, 0.8])},
    }
    assert {one.model: one.difference for one in compare_with(sides, "a", metrics=[("ndcg", 20)])} == {
        "b": pytest.approx(-0.3)
    }
