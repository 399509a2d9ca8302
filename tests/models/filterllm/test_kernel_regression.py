from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.filterllm.kernel_regression import adjoint, kernel, solve_kernel_regression, without_own

RIDGE = 0.5


def unit_texts(n: int, size: int = 6, seed: int = 0) -> NDArray[np.float32]:
    texts = np.random.default_rng(seed).standard_normal((n, size))
    return (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)


def even(n: int) -> NDArray[np.float32]:
    return np.ones(n, dtype=np.float32)


def test_the_kernel_of_a_text_with_itself_with_a_stranger_and_with_its_opposite() -> None:
    x = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    np.testing.assert_allclose(kernel(x, x[:1])[:, 0], [1, np.exp(-1), np.exp(-2)], rtol=1e-6)


def test_two_texts_by_hand() -> None:
    # K = [[1, e], [e, 1]] with e = exp(-1); (K + 1)^-1 = [[2, -e], [-e, 2]] / (4 - e^2)
    solved = solve_kernel_regression(
        np.eye(2, dtype=np.float32), importance=even(2), ridge=1.0, landmarks=2, rng=np.random.default_rng(0)
    )
    target = np.array([[1], [0]], dtype=np.float32)
    e = np.exp(-1)
    np.testing.assert_allclose(solved.weights(target)[:, 0], np.array([2, -e]) / (4 - e**2), rtol=1e-5)
    np.testing.assert_allclose(solved.leverage, np.full(2, 1 - 2 / (4 - e**2)), rtol=1e-5)


@pytest.mark.parametrize("n", [5, 1500])  # the inverse is mirrored in blocks of 1,024
def test_exact_solution_equals_the_normal_equations(n: int) -> None:
    texts, rng = unit_texts(n), np.random.default_rng(1)
    target = rng.standard_normal((n, 3)).astype(np.float32)
    solved = solve_kernel_regression(texts, importance=even(n), ridge=RIDGE, landmarks=n, rng=rng)
    k = kernel(texts, texts).astype(np.float64)
    weights = np.linalg.solve(k + RIDGE * np.eye(n), target)
    np.testing.assert_allclose(solved.weights(target), weights, atol=1e-3)
    np.testing.assert_allclose(solved.fitted(solved.weights(target), target), k @ weights, atol=1e-3)
    hat = k @ np.linalg.inv(k + RIDGE * np.eye(n))
    np.testing.assert_allclose(solved.leverage, np.diag(hat), atol=1e-4)


def test_landmarks_drawn_from_many_texts_come_close() -> None:
    texts, rng = unit_texts(300), np.random.default_rng(2)
    target = texts[:, :1] * 2 - texts[:, 1:2]
    exact = solve_kernel_regression(texts, importance=even(300), ridge=RIDGE, landmarks=300, rng=rng)
    drawn = solve_kernel_regression(texts, importance=even(300), ridge=RIDGE, landmarks=150, rng=rng)
    assert drawn.landmarks.shape == (150, 6)
    weights = drawn.weights(target)
    np.testing.assert_allclose(
        drawn.fitted(weights, target), kernel(texts, drawn.landmarks) @ weights, atol=1e-3
    )
    np.testing.assert_allclose(
        drawn.fitted(weights, target), exact.fitted(exact.weights(target), target), atol=0.05
    )
    np.testing.assert_allclose(drawn.leverage, exact.leverage, atol=0.05)


def test_a_vector_that_is_not_finite_is_refused() -> None:
    texts = unit_texts(4)
    texts[2, 1] = np.nan
    with pytest.raises(ValueError, match="texts must be finite, got row 2"):
        solve_kernel_regression(
            texts, importance=even(4), ridge=RIDGE, landmarks=4, rng=np.random.default_rng(0)
        )


@pytest.mark.parametrize("landmarks", [60, 20])  # exact, and a third of the texts
def test_importance_adjoint_and_left_out_values_against_dense_algebra(landmarks: int) -> None:
    texts, rng = unit_texts(60), np.random.default_rng(3)
    importance = rng.choice([0.5, 1, 2], 60).astype(np.float32)
    target = rng.standard_normal((60, 2)).astype(np.float32)
    solved = solve_kernel_regression(
        texts, importance=importance, ridge=RIDGE, landmarks=landmarks, rng=np.random.default_rng(0)
    )
    towards, among = (kernel(one, solved.landmarks).astype(np.float64) for one in (texts, solved.landmarks))
    k = towards @ np.linalg.solve(among, towards.T)  # what the landmarks make of the kernel
    hat = k @ np.linalg.inv(k + RIDGE * np.diag(1 / importance.astype(np.float64)))
    weights, left_out = without_own(solved, target)
    np.testing.assert_allclose(solved.fitted(weights, target), hat @ target, atol=6e-3)
    np.testing.assert_allclose(adjoint(solved, target), hat.T @ target, atol=6e-3)
    np.testing.assert_allclose(solved.leverage, np.diag(hat), atol=6e-3)
    rest = np.arange(60) != 7
    system = k[np.ix_(rest, rest)] + RIDGE * np.diag(1 / importance[rest].astype(np.float64))
    expected = k[7, rest] @ np.linalg.solve(system, target[rest])
    np.testing.assert_allclose(left_out[7], expected, atol=1e-2)


def test_a_text_of_importance_two_is_two_texts_alike() -> None:
    texts, rng = unit_texts(8), np.random.default_rng(4)
    target = rng.standard_normal((8, 1)).astype(np.float32)
    importance = even(8)
    importance[0] = 2
    once = solve_kernel_regression(texts, importance=importance, ridge=RIDGE, landmarks=9, rng=rng)
    twice_texts, twice = np.concatenate([texts[:1], texts]), np.concatenate([target[:1], target])
    doubled = solve_kernel_regression(twice_texts, importance=even(9), ridge=RIDGE, landmarks=9, rng=rng)
    new = unit_texts(3, seed=5)
    np.testing.assert_allclose(
        kernel(new, texts) @ once.weights(target),
        kernel(new, twice_texts) @ doubled.weights(twice),
        atol=1e-4,
    )
