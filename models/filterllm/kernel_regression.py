"""Kernel ridge regression from texts to any targets, with what each text's own target contributes.

The kernel of two unit vectors is ``exp(<x, y> - 1)``: a Gaussian kernel of their distance, whose value at
distance 0 is 1. Up to ``landmarks`` texts the solution is exact; beyond, it lies in the span of that many texts
drawn at random (Nystrom).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, lapack

FloatArray = NDArray[np.float32]
JITTER = 1e-4  # of the kernel's diagonal, which is 1: landmarks that are alike stay solvable
BLOCK = 1024


class KernelRegression(Protocol):
    """A solved system, ready for any number of targets.

    Attributes:
        landmarks: (M, H) float32, the texts whose kernels the solution combines.
        importance: (W,) float32 > 0, what each text's residual counts.
        leverage: (W,) float32 in [0, 1), how much a text's own target moves its own fitted value.
    """

    landmarks: FloatArray
    importance: FloatArray
    leverage: FloatArray

    def weights(self, targets: FloatArray) -> FloatArray:
        """Weights (M, r) of the landmarks' kernels for targets (W, r)."""
        ...

    def fitted(self, weights: FloatArray, targets: FloatArray) -> FloatArray:
        """Values (W, r) at the W texts that ``weights`` of these targets give."""
        ...


def kernel(texts: FloatArray, landmarks: FloatArray) -> FloatArray:
    """``exp(<x, y> - 1)`` of unit vectors (B, H) and (M, H): (B, M) float32."""
    product: FloatArray = texts @ landmarks.T
    product -= 1
    return np.exp(product, out=product)


def solve_kernel_regression(
    texts: FloatArray,
    *,
    importance: FloatArray | None = None,
    ridge: float,
    landmarks: int,
    rng: np.random.Generator,
) -> KernelRegression:
    """Prepare ``min over f of sum c_i (f(x_i) - y_i)^2 + ridge |f|^2`` for any targets y.

    Args:
        texts: (W, H) float32, unit vectors.
        importance: c, shape (W,), float32, > 0; None: 1 each.
        ridge: Regulariser in texts, > 0.
        landmarks: Texts up to which the solution is exact; memory is 4 * landmarks^2 bytes.
        rng: Draws the landmarks where there are more texts.

    Returns:
        The solved system.

    Raises:
        ValueError: If a text vector is not finite.
    """
    if not np.isfinite(texts).all():
        row = int(np.flatnonzero(~np.isfinite(texts).all(axis=1))[0])
        raise ValueError(f"texts must be finite, got row {row}: {texts[row, :4].tolist()} ...")
    if importance is None:
        importance = np.ones(len(texts), dtype=np.float32)
    if len(texts) <= landmarks:
        return _Exact(texts, importance, ridge)
    chosen = np.sort(rng.choice(len(texts), landmarks, replace=False))
    return _Nystrom(texts, texts[chosen], importance, ridge)


def without_own(solved: KernelRegression, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights (M, r) for targets (W, r), and the values (W, r) that each text would have without its own target."""
    weights = solved.weights(targets)
    leverage = solved.leverage[:, None]  # (W, 1)
    left_out = (solved.fitted(weights, targets) - leverage * targets) / (1 - leverage)
    return weights, left_out.astype(np.float32)


def adjoint(solved: KernelRegression, values: FloatArray) -> FloatArray:
    """``H' v`` of values (W, r), where ``H y`` are the fitted values of targets y.

    H is symmetric only up to the importance: ``H' = C H C^-1``.
    """
    importance = solved.importance[:, None]  # (W, 1)
    divided = values / importance
    return importance * solved.fitted(solved.weights(divided), divided)


class _Exact:
    """Weights are (K + ridge / importance)^-1 y, fitted values y - ridge / importance * weights."""

    def __init__(self, texts: FloatArray, importance: FloatArray, ridge: float) -> None:
        self.landmarks = texts
        self.importance = importance
        self._ridges = np.float32(ridge) / importance  # (W,)
        system = kernel(texts, texts)
        system[np.diag_indices_from(system)] += self._ridges
        self._inverse = _inverted(system)
        self.leverage = 1 - self._ridges * self._inverse.diagonal()  # (W,)

    def weights(self, targets: FloatArray) -> FloatArray:
        """(W, r) from (W, r)."""
        return self._inverse @ targets

    def fitted(self, weights: FloatArray, targets: FloatArray) -> FloatArray:
        """(W, r), without another product of W^2 r."""
        fitted: FloatArray = targets - self._ridges[:, None] * weights
        return fitted


class _Nystrom:
    """Ridge regression on whitened features F = K R (W, M), where R R' inverts the landmarks' kernel."""

    def __init__(
        self, texts: FloatArray, landmarks: FloatArray, importance: FloatArray, ridge: float
    ) -> None:
        self.landmarks = landmarks
        self.importance = importance
        among = kernel(landmarks, landmarks).astype(np.float64)
        among[np.diag_indices_from(among)] += JITTER
        root, _ = lapack.dtrtri(cholesky(among, lower=True, overwrite_a=True), lower=1, overwrite_c=1)
        self._root: FloatArray = np.tril(root).T.astype(np.float32)  # (M, M), R
        self._features = kernel(texts, landmarks) @ self._root  # (W, M)
        system = self._features.T @ (importance[:, None] * self._features)
        system[np.diag_indices_from(system)] += ridge
        self._inverse = _inverted(system)
        explained = np.einsum("wm,wm->w", self._features @ self._inverse, self._features)
        self.leverage = (importance * explained).clip(0, 1 - JITTER)  # (W,)

    def weights(self, targets: FloatArray) -> FloatArray:
        """(M, r) from (W, r)."""
        return self._root @ self._coefficients(targets)

    def fitted(self, weights: FloatArray, targets: FloatArray) -> FloatArray:
        """(W, r)."""
        del weights
        return self._features @ self._coefficients(targets)

    def _coefficients(self, targets: FloatArray) -> FloatArray:
        """(M, r), of the whitened features."""
        weighed = self.importance[:, None] * targets
        return self._inverse @ (self._features.T @ weighed)


def _inverted(system: FloatArray) -> FloatArray:
    """Inverse of a positive definite matrix, computed in its own memory."""
    factor, failed = lapack.spotrf(system.T, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ValueError(
            "the texts' kernel matrix is not positive definite: text_ridge is too small for single precision"
        )
    inverse: FloatArray = factor.T  # its upper triangle is filled
    for start in range(0, len(inverse), BLOCK):  # mirrored by blocks: no second matrix
        stop = start + BLOCK
        corner = np.triu(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = corner + np.triu(corner, 1).T
        inverse[stop:, start:stop] = inverse[start:stop, stop:].T
    return inverse
