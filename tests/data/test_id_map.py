from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.id_map import IdMap

ids = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=30)


def test_positions_are_indices() -> None:
    users = IdMap(["b", "a", "ü"])
    assert users.index_of(["a", "b", "a"]).tolist() == [1, 0, 1]
    assert users.index_of([]).dtype == np.int64
    assert users.ids_of([2, 0]) == ["ü", "b"]
    assert users.contains(["a", "q"]).tolist() == [True, False]
    assert len(users) == 3


@given(ids)
def test_translation_there_and_back(values: list[str]) -> None:
    users = IdMap(values)
    assert users.ids_of(users.index_of(values)) == values
    assert users.index_of(users.ids.tolist()).tolist() == list(range(len(values)))


@given(ids, st.lists(st.text(min_size=1, max_size=6), max_size=30))
def test_growing_never_renumbers(old: list[str], new: list[str]) -> None:
    small = IdMap(old)
    large = small.grown(new)
    assert large.ids_of(range(len(old))) == old
    assert set(large.ids.tolist()) == set(old) | set(new)
    assert large.grown(new) == large


@given(ids, ids)
def test_fingerprints_are_equal_exactly_for_equal_numbering(one: list[str], other: list[str]) -> None:
    assert (IdMap(one).fingerprint == IdMap(other).fingerprint) == (one == other)
    assert (IdMap(one) == IdMap(other)) == (one == other)


def test_fingerprints_do_not_run_ids_together() -> None:
    assert IdMap(["ab", "c"]).fingerprint != IdMap(["a", "bc"]).fingerprint


def test_a_map_cannot_be_changed() -> None:
    users = IdMap(["a"])
    with pytest.raises(ValueError, match="read-only"):
        users.ids[0] = "b"


def test_unknown_ids_are_named() -> None:
    users = IdMap(["a"])
    with pytest.raises(
        KeyError, match=r"map of 1 ids, got 7 unknown: 'q1', 'q2', 'q3', 'q4', 'q5'; filter with"
    ):
        users.index_of(["a", *(f"q{n}" for n in range(1, 8))])


@pytest.mark.parametrize("index", [-1, 1])
def test_indices_are_not_wrapped_around(index: int) -> None:
    with pytest.raises(IndexError, match=rf"indices must lie in \[0, 1\), got {index}"):
        IdMap(["a"]).ids_of([index])


def test_what_is_no_list_of_distinct_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="ids must be distinct, got 'a' twice"):
        IdMap(["a", "b", "a"])
    with pytest.raises(ValueError, match="ids must not be empty, got '' at position 1"):
        IdMap(["a", ""])
    with pytest.raises(TypeError, match=r"ids must be strings, got 3 \(int\) at position 0"):
        IdMap([3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="single string 'abc'; wrap it in a list"):
        IdMap("abc")
    with pytest.raises(TypeError, match="single string 'abc'"):
        IdMap(["a"]).index_of("abc")
