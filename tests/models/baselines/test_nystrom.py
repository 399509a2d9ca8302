"""Landmarks and whitened kernel features."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from models.baselines.nystrom import choose_landmarks, regression, whitened

RNG = np.random.default_rng(0)


def test_landmarks_are_warm_once_each_and_follow_the_seed():
    warm = np.arange(3, 90, 3)
    first, again, other = (choose_landmarks(warm, 10, seed=seed) for seed in (1, 1, 2))
    assert len(np.unique(first)) == 10
    assert np.isin(first, warm).all()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_more_landmarks_than_warm_items_means_all():
    np.testing.assert_array_equal(choose_landmarks(np.array([2, 5, 9]), 2500, seed=0), [2, 5, 9])


def test_landmark_refusals():
    with pytest.raises(ValueError, match="landmarks must be at least 1, got 0"):
        choose_landmarks(np.array([2]), 0, seed=0)
    with pytest.raises(ValueError, match="warm_items is empty"):
        choose_landmarks(np.empty(0, dtype=np.int64), 3, seed=0)


def test_features_multiply_to_the_kernel_where_it_lies_in_the_landmarks_span():
    points = RNG.normal(size=(30, 4)).astype(np.float32)
    landmarks = np.arange(0, 30, 5)  # six landmarks span four dimensions
    features = whitened(points @ points[landmarks].T, landmarks)
    np.testing.assert_allclose(features @ features.T, points @ points.T, atol=2e-3)


def test_two_landmarks_of_one_text_are_allowed():
    points = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    features = whitened(points @ points[:3].T, np.arange(3))
    np.testing.assert_allclose(features @ features.T, points @ points.T, atol=1e-3)


def test_regression_gradient_is_zero():
    features = RNG.normal(size=(20, 3)).astype(np.float32)
    readers = sparse.csr_matrix((RNG.random((7, 20)) < 0.3).astype(np.float32))
    weights = regression(features, readers)(2.0).T.astype(np.float64)
    gradient = features.T @ (features @ weights - readers.toarray().T) + 2.0 * weights
    np.testing.assert_allclose(gradient, 0, atol=1e-5)


def test_refuses_what_is_not_finite_or_not_positive():
    with pytest.raises(ValueError, match="kernel must be finite"):
        whitened(np.full((2, 1), np.nan, dtype=np.float32), np.array([0]))
    with pytest.raises(ValueError, match="penalty must be positive, got 0"):
        regression(np.ones((2, 1), dtype=np.float32), sparse.csr_matrix((1, 2)))(0.0)
