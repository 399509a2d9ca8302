"""Exact retrieval: hand-made tables, ties, exclusions, and agreement with a full sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import retrieval
from models.retrieval import ExclusionLists, top_k

QUERIES = np.array([[1, 0], [0, 1]], dtype=np.float32)
TABLE = np.array([[1, 5], [3, 4], [2, 4], [3, 0]], dtype=np.float32)


def test_by_hand_with_ties_by_lower_row() -> None:
    indices, scores = top_k(QUERIES, TABLE, k=3)
    assert indices.tolist() == [[1, 3, 2], [0, 1, 2]]
    assert scores.tolist() == [[3, 3, 2], [5, 4, 4]]
    assert indices.dtype == np.int64
    assert scores.dtype == np.float32


def test_the_last_place_goes_to_the_lower_row() -> None:
    indices, _ = top_k(QUERIES, TABLE, k=1)
    assert indices.tolist() == [[1], [0]]
    indices, _ = top_k(np.ones((1, 1), np.float32), np.zeros((50, 1), np.float32), k=4)
    assert indices.tolist() == [[0, 1, 2, 3]]


def test_excluded_rows_do_not_come_and_lists_may_be_empty() -> None:
    exclude = ExclusionLists.from_pairs(np.array([[0, 3], [0, 1], [0, 1]]), n_queries=2)
    indices, scores = top_k(QUERIES, TABLE, k=3, exclude=exclude)
    assert indices.tolist() == [[2, 0, -1], [0, 1, 2]]
    assert scores[0].tolist() == [2, 1, -np.inf]


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    queries, table = rng.integers(-3, 4, (23, 4)), rng.integers(-3, 4, (31, 4))
    pairs = np.stack((rng.integers(0, 23, 60), rng.integers(0, 31, 60)), axis=1)
    exclude = ExclusionLists.from_pairs(pairs, n_queries=23)
    arguments = queries.astype(np.float32), table.astype(np.float32)
    whole = top_k(*arguments, k=7, exclude=exclude)
    monkeypatch.setattr(retrieval, "CELLS_PER_BLOCK", 31 * 5)
    parts = top_k(*arguments, k=7, exclude=exclude)
    np.testing.assert_array_equal(whole[0], parts[0])
    np.testing.assert_array_equal(whole[1], parts[1])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5), st.data())
def test_agrees_with_a_full_sort(seed: int, n_rows: int, n_queries: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    k = data.draw(st.integers(1, n_rows))
    queries = rng.integers(-2, 3, (n_queries, 3)).astype(np.float32)
    table = rng.integers(-2, 3, (n_rows, 3)).astype(np.float32)
    pairs = np.argwhere(rng.random((n_queries, n_rows)) < 0.3)
    indices, _ = top_k(queries, table, k=k, exclude=ExclusionLists.from_pairs(pairs, n_queries=n_queries))
    for query in range(n_queries):
        banned = set(pairs[pairs[:, 0] == query, 1].tolist())
        allowed = [row for row in range(n_rows) if row not in banned]
        expected = sorted(allowed, key=lambda row: (-float(table[row] @ queries[query]), row))[:k]
        assert indices[query].tolist() == expected + [-1] * (k - len(expected))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(4, 1\)"):
        top_k(QUERIES, TABLE[:, :1], k=1)
    with pytest.raises(ValueError, match=r"number of rows \(4\), got 5"):
        top_k(QUERIES, TABLE, k=5)
    with pytest.raises(ValueError, match="got 0"):
        top_k(QUERIES, TABLE, k=0)
    with pytest.raises(ValueError, match=r"one list per query \(2\), got 1"):
        top_k(QUERIES, TABLE, k=1, exclude=ExclusionLists.from_pairs(np.zeros((0, 2), np.int64), n_queries=1))
    with pytest.raises(ValueError, match=r"in \[0, 4\), got 4 to 4"):
        top_k(QUERIES, TABLE, k=1, exclude=ExclusionLists.from_pairs(np.array([[0, 4]]), n_queries=2))
    with pytest.raises(ValueError, match="not a number"):
        top_k(QUERIES * np.float32(np.nan), TABLE, k=1)


def test_lists_that_are_broken_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        ExclusionLists.from_pairs(np.zeros(3, np.int64), n_queries=2)
    with pytest.raises(ValueError, match=r"in \[0, 2\), got 0 to 2"):
        ExclusionLists.from_pairs(np.array([[0, 1], [2, 1]]), n_queries=2)
    with pytest.raises(ValueError, match="begin with 0"):
        ExclusionLists(np.array([1, 2]), np.array([0, 1]))
    with pytest.raises(ValueError, match="must not fall"):
        ExclusionLists(np.array([0, 2, 1]), np.array([0]))
