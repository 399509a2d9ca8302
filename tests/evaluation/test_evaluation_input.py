"""Who is ranked against what, by hand; every planted fault is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.worlds import COLD_TEST, by_hand, pairs


def test_candidates():
    data = by_hand()
    assert data.candidates("cold").tolist() == [4, 5, 6, 7]
    assert data.candidates("warm").tolist() == [0, 1, 2, 3]
    assert data.candidates("overall").tolist() == list(range(8))


def test_overall_truth_is_of_users_who_have_both():
    truth = by_hand().truth("overall", "test")
    assert sorted(map(tuple, truth.tolist())) == [(0, 3), (0, 6), (0, 7)]


def test_degrees():
    assert by_hand().degrees().tolist() == [2, 1, 2, 1]


def plant(**changes):
    """The world by hand with some arrays replaced."""
    return replace(by_hand(), **changes)


def test_a_test_pair_planted_in_training_is_found():
    data = by_hand()
    with pytest.raises(
        ValueError, match=r"1 pairs of warm_test are also training pairs \(first: user 1, item 0\)"
    ):
        plant(train=np.concatenate([data.train, [[1, 0]]]))


def test_a_cold_test_pair_planted_in_training_is_found():
    data = by_hand()
    with pytest.raises(
        ValueError, match=r"2 pairs of cold_test are also training pairs \(first: user 0, item 6\)"
    ):
        plant(train=np.concatenate([data.train, pairs(COLD_TEST[:2])]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": pairs([(0, 0), (0, 0)])}, "train holds 1 pairs twice"),
        ({"train": pairs([(4, 0)])}, r"users in \[0, 4\)"),
        ({"train": pairs([(0, -1)])}, r"items in \[0, 8\)"),
        ({"train": np.zeros((3, 3), dtype=np.int64)}, r"train must have shape \(N, 2\)"),
        ({"train": pairs([(1, 6)])}, r"held-out cold items are warm or have training pairs .*\[6\]"),
        ({"warm_items": np.arange(5)}, r"held-out cold items are warm .*\[4\]"),
        ({"warm_validation": pairs([(0, 3)])}, "1 pairs are in warm_validation and in warm_test"),
        (
            {"cold_test_items": np.array([6])},
            r"cold_test holds 1 items that are not among its candidates .*\[7\]",
        ),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(ValueError, match=message):
        plant(**changes)
