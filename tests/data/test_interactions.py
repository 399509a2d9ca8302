from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.interactions import Interactions


def interactions(**changes: Any) -> Interactions:
    held: dict[str, Any] = {
        "pairs": np.array([[0, 1], [1, 0], [0, 1], [0, 0]]),
        "times": np.array([30, 20, 10, 0]),
        "weights": np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32),
        "n_users": 2,
        "n_items": 2,
    }
    return Interactions(**{**held, **changes})


def test_one_per_pair_keeps_the_earliest_event() -> None:
    kept = interactions().one_per_pair()
    assert kept.pairs.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert kept.times.tolist() == [0, 10, 20]
    assert kept.weights.tolist() == [4.0, 3.0, 2.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), max_size=40))
def test_one_per_pair_equals_a_dictionary(events: list[tuple[int, int, int]]) -> None:
    found = Interactions(
        pairs=np.array([event[:2] for event in events], dtype=np.int64).reshape(-1, 2),
        times=np.array([event[2] for event in events], dtype=np.int64),
        weights=np.ones(len(events), dtype=np.float32),
        n_users=4,
        n_items=4,
    ).one_per_pair()
    earliest: dict[tuple[int, int], int] = {}
    for user, item, time in events:
        earliest[user, item] = min(time, earliest.get((user, item), time))
    assert list(zip(map(tuple, found.pairs.tolist()), found.times.tolist(), strict=True)) == sorted(
        earliest.items()
    )


def test_rows_are_taken_by_position_or_mask() -> None:
    assert interactions().take(np.array([3, 0])).times.tolist() == [0, 30]
    assert len(interactions().take(np.array([True, False, True, False]))) == 2


def test_no_interactions_are_interactions() -> None:
    none = np.empty(0, dtype=np.int64)
    assert len(Interactions(none, none, none, n_users=0, n_items=0).one_per_pair()) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_users": 1}, r"user_index must lie in \[0, 1\), got 1 in row 1 \(1 rows in all\)"),
        ({"n_items": 1}, r"item_index must lie in \[0, 1\), got 1 in row 0 \(2 rows in all\)"),
        (
            {"times": np.array([1, -2, 3, 4])},
            r"times must not be negative \(0 means unknown\), got -2 in row 1",
        ),
        (
            {"weights": np.array([1, np.nan, 1, 1])},
            r"weights must be finite and not negative, got nan in row 1",
        ),
        ({"weights": np.array([1, 1, -1, 1])}, r"weights must be finite and not negative, got -1.0 in row 2"),
        ({"weights": np.ones(3)}, r"weights must have shape \(4,\) like pairs, got \(3,\)"),
        ({"pairs": np.zeros((4, 3), dtype=np.int64)}, r"pairs must have shape \(N, 2\), got \(4, 3\)"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interactions(**changes)


def test_indices_must_be_whole_numbers() -> None:
    with pytest.raises(TypeError, match="pairs must be integers, got dtype float64"):
        interactions(pairs=np.zeros((4, 2)))
