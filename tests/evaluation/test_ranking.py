"""Tables computed by hand, as fractions, and properties that no list may break."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.ranking import METRICS, hit_rate, mrr, ndcg, precision, recall

# user 0: hits in places 1 and 3; 1: hit in place 2; 2: no hit; 3: no truth; 4: more truth than places
HITS = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
N_TRUE = np.array([2, 3, 1, 0, 8])
NAN = np.nan

G1, G2, G3, G4 = 1 / log2(2), 1 / log2(3), 1 / log2(4), 1 / log2(5)

TABLE = [
    (recall, 1, [1 / 2, 0 / 3, 0 / 1, NAN, 1 / 8]),
    (recall, 3, [2 / 2, 1 / 3, 0 / 1, NAN, 3 / 8]),
    (recall, 9, [2 / 2, 1 / 3, 0 / 1, NAN, 4 / 8]),
    (precision, 1, [1 / 1, 0 / 1, 0 / 1, NAN, 1 / 1]),
    (precision, 3, [2 / 3, 1 / 3, 0 / 3, NAN, 3 / 3]),
    (precision, 9, [2 / 9, 1 / 9, 0 / 9, NAN, 4 / 9]),
    (hit_rate, 1, [1, 0, 0, NAN, 1]),
    (hit_rate, 2, [1, 1, 0, NAN, 1]),
    (mrr, 1, [1 / 1, 0, 0, NAN, 1 / 1]),
    (mrr, 4, [1 / 1, 1 / 2, 0, NAN, 1 / 1]),
    (ndcg, 1, [G1 / G1, 0, 0, NAN, 1]),
    (ndcg, 2, [G1 / (G1 + G2), G2 / (G1 + G2), 0, NAN, 1]),
    (ndcg, 4, [(G1 + G3) / (G1 + G2), G2 / (G1 + G2 + G3), 0, NAN, 1]),
    (ndcg, 6, [(G1 + G3) / (G1 + G2), G2 / (G1 + G2 + G3), 0, NAN, (G1 + G2 + G3 + G4) / 3.304666]),
]


@pytest.mark.parametrize(("metric", "k", "expected"), TABLE)
def test_table_by_hand(metric, k, expected):
    np.testing.assert_allclose(metric(HITS, N_TRUE, k=k), expected, rtol=1e-6)


def test_ideal_of_six_places_is_the_sum_written_above():
    assert sum(1 / log2(j + 1) for j in range(1, 7)) == pytest.approx(3.304666)


@pytest.mark.parametrize("metric", METRICS.values())
def test_no_users_give_no_values(metric):
    assert metric(np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=np.int64), k=3).shape == (0,)


@pytest.mark.parametrize("metric", METRICS.values())
def test_empty_lists_are_zero_where_there_is_truth(metric):
    np.testing.assert_array_equal(metric(np.zeros((2, 0), dtype=bool), np.array([1, 0]), k=3), [0, NAN])


@pytest.mark.parametrize("metric", METRICS.values())
def test_refuses_k_below_one_and_shapes_that_disagree(metric):
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        metric(HITS, N_TRUE, k=0)
    with pytest.raises(ValueError, match="hits must have shape"):
        metric(HITS, N_TRUE[:2], k=1)


@st.composite
def lists(draw):
    n, width = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    hits = np.array(draw(st.lists(st.booleans(), min_size=n * width, max_size=n * width))).reshape(n, width)
    extra = np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    return hits, hits.sum(axis=1) + extra, draw(st.integers(1, 15))


@settings(max_examples=50)
@given(lists())
def test_bounds(case):
    hits, n_true, k = case
    for metric in METRICS.values():
        values = metric(hits, n_true, k=k)
        assert np.isnan(values[n_true == 0]).all()
        inside = values[n_true > 0]
        assert ((inside >= 0) & (inside <= 1 + 1e-12)).all()


@settings(max_examples=50)
@given(lists(), st.randoms(use_true_random=False))
def test_permuting_users_permutes_values(case, random):
    hits, n_true, k = case
    order = random.sample(range(len(hits)), len(hits))
    for metric in METRICS.values():
        np.testing.assert_allclose(
            metric(hits[order], n_true[order], k=k), metric(hits, n_true, k=k)[order], rtol=1e-12
        )


@settings(max_examples=50)
@given(lists())
def test_longer_lists_never_lose_recall_hits_or_reciprocal_rank(case):
    hits, n_true, k = case
    for metric in (recall, hit_rate, mrr):
        shorter, longer = metric(hits, n_true, k=k), metric(hits, n_true, k=k + 1)
        assert (longer[n_true > 0] >= shorter[n_true > 0]).all()


@settings(max_examples=50)
@given(lists())
def test_moving_a_hit_forward_never_hurts(case):
    hits, n_true, k = case
    better = np.sort(hits, axis=1)[:, ::-1]
    for metric in METRICS.values():
        before, after = metric(hits, n_true, k=k), metric(better, n_true, k=k)
        assert (after[n_true > 0] >= before[n_true > 0] - 1e-12).all()
