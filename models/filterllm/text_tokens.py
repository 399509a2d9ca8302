"""The part of a user's token that is computed at once: what texts like his are read by users like him.

Kernel ridge regression from texts to users says which users a text's neighbours had; the collaborative
vectors say which users go together. The learned tokens err differently from both. While the learned part is
trained beside them, each training item must see the regression as it would be without that item; else the
regression, which has seen its labels, is trusted too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from models.filterllm.config import FilterLLMConfig
from models.filterllm.kernel_regression import (
    FloatArray,
    KernelRegression,
    adjoint,
    solve_kernel_regression,
    without_own,
)
from models.filterllm.losses import distribution_loss
from models.filterllm.text_guide import TextGuide, fit_text_guide, nearness

OVERSAMPLING = 32
ITEMS_WEIGHED, VALUES_WEIGHED = 2048, 2**25
SWEEPS = 2
"""Of the range finder; a third changes no figure."""
FLOOR = 1e-9  # of the greatest variance, as for the fused table


class TextKernel(nn.Module):
    """From a text's unit vector to its side of the text tokens, ``kernel(text, landmarks) @ projection``.

    Attributes:
        guide: Where a text stands, its vector and beside it the collaborative one that it leads to expect; and the
            popularity that it leads to expect.
        landmarks: (M, G) float32, places that the guide gave, each part times its share of the kernel.
        projection: (M, R) float32.
    """

    landmarks: Tensor
    projection: Tensor

    def __init__(self, guide: TextGuide, landmarks: Tensor, projection: Tensor) -> None:
        super().__init__()
        self.guide = guide
        self.register_buffer("landmarks", landmarks)
        self.register_buffer("projection", projection)

    @classmethod
    def empty(cls, hidden_size: int) -> TextKernel:
        """Knows no text."""
        return cls(TextGuide.empty(hidden_size), torch.zeros((0, hidden_size)), torch.zeros((0, 0)))

    def projected(self, back: Tensor) -> TextKernel:
        """The same with ``projection @ back``; ``back`` is (r, D), of the first r <= R directions."""
        return TextKernel(self.guide, self.landmarks, self.projection[:, : len(back)] @ back)

    def forward(self, unit: Tensor) -> tuple[Tensor, Tensor]:
        """(B, R) of unit vectors (B, H), and their popularity (B,): its logarithm, 0 where nothing is known."""
        places, popularity = self.guide(unit)
        return nearness(places, self.landmarks) @ self.projection, popularity


@dataclass(frozen=True)
class TextTokens:
    """Both sides of the regression, and the training items as if each had been left out.

    Attributes:
        tokens: (U, R) float32; the standard deviations of the users' values over the warm items have geometric mean 1.
        kernel: Gives the items' side.
        left_out: (W, R) float32: ``left_out @ tokens.T`` is each warm item's value without its own labels.
        popularity: (W,) float32, the logarithm of each warm item's popularity likewise, around its mean.
    """

    tokens: Tensor
    kernel: TextKernel
    left_out: Tensor
    popularity: Tensor

    def to(self, device: torch.device) -> TextTokens:
        """The same on a device."""
        tensors = (one.to(device) for one in (self.left_out, self.popularity))
        return TextTokens(self.tokens.to(device), self.kernel.to(device), *tensors)


def fit_text_tokens(
    texts: FloatArray,
    positives: sparse.csr_array,
    *,
    vectors: tuple[FloatArray, FloatArray] | None,
    config: FilterLLMConfig,
    rng: np.random.Generator,
) -> TextTokens:
    """Regress users on texts, keep the R directions of users that carry most, let users alike speak.

    Two texts are as near as ``(1 - share) <x, y> + share <p, q>`` says, p and q the collaborative vectors that
    they lead to expect (``text_guide``) and share ``text_vector_share``.

    With A the users' directions (U, R), orthonormal, the regression's value is s(x) = A v(x). Each user's
    values are brought to standard deviation 1, those of the projection on the collaborative vectors P, W (W'W +
    ridge)^-1 W' s, likewise, and added with weight ``smoothing``. The sum gets a standard deviation of d^p, d that of
    s for labels of 1 around the users' geometric mean and p ``text_user_spread``: of whom the texts tell more he may be
    the surer. All of it is linear in s, so it is done to the table of users and costs nothing later.

    Args:
        texts: (W, H) float32, centred unit vectors of the warm items.
        positives: (W, U), 1 where a user took an item.
        vectors: Collaborative vectors of users (U, D) and warm items (W, D), float32; None leaves expected vectors and
            smoothing out.
        config: ``text_*`` and ``smoothing*``; R is text_size, but never above the rank of the fitted values.
        rng: Draws landmarks and the start of the range finder.

    Returns:
        Tokens and kernel on the CPU.
    """
    system: dict[str, Any] = {"ridge": config.text_ridge, "landmarks": config.text_landmarks, "rng": rng}
    share = 0.0 if vectors is None else config.text_vector_share
    items = vectors[1] if vectors is not None and share else np.zeros((len(texts), 0), dtype=np.float32)
    guide, expected = fit_text_guide(texts, items, np.diff(positives.indptr), **system)
    shares = np.repeat([1 - share, share], [texts.shape[1], items.shape[1]])
    scale = np.sqrt(shares).astype(np.float32)
    places = np.concatenate([texts, expected.vectors], axis=1) * scale  # (W, G), of length 1
    importance = _importance(positives, config.text_item_power)
    solved = solve_kernel_regression(places, importance=importance, **system)
    labels = _weighted(positives, config.text_user_power)
    directions = _leading_users(solved, labels, size=config.text_size, rng=rng)  # (U, R)
    projection, left_out = without_own(solved, np.asarray(labels @ directions, dtype=np.float32))
    spread = np.cov(left_out, rowvar=False).reshape(directions.shape[1], -1)  # (R, R)
    tokens = _of_deviation_one(directions, spread)
    if vectors is not None and config.smoothing:
        alike = _projected(directions, vectors[0], ridge=config.smoothing_ridge)
        tokens = tokens + config.smoothing * _of_deviation_one(alike, spread)
        tokens = _of_deviation_one(tokens, spread)
    for_labels_of_one = _deviation(directions, spread) / _per_item(positives, config.text_user_power)  # (U,)
    tokens = _scaled(tokens, _relative(for_labels_of_one) ** config.text_user_spread)
    sides = (torch.from_numpy(one) for one in (solved.landmarks * scale, projection))
    tensors = (torch.from_numpy(one) for one in (left_out, expected.popularity))
    return TextTokens(torch.from_numpy(tokens), TextKernel(guide, *sides), *tensors)


def likeliest_weight(
    found: TextTokens, positives: sparse.csr_array, bias: Tensor, *, rng: np.random.Generator
) -> float:
    """The weight of the text tokens at which left-out items say most about their users, in nats.

    Minimises the distribution loss of ``bias + weight * left out values`` over weight >= 0: where the texts tell
    nothing it is close to 0.

    Args:
        found: Tokens with the items left out.
        positives: (W, U), 1 where a user took an item.
        bias: (U,) float32.
        rng: Draws at most 2,048 items; fewer where their values for all users would take more than 128 MiB.

    Returns:
        A weight in [0, 4].
    """
    n_items = min(ITEMS_WEIGHED, positives.shape[0], max(1, VALUES_WEIGHED // positives.shape[1]))
    items = np.sort(rng.choice(positives.shape[0], n_items, replace=False))
    values = found.left_out[torch.from_numpy(items).to(found.left_out.device)] @ found.tokens.T  # (w, U)
    pairs = positives[items].tocoo()
    row, user = (torch.from_numpy(one.astype(np.int64)).to(values.device) for one in pairs.coords)

    def loss(weight: float) -> float:
        return float(distribution_loss(bias + weight * values, row, user))

    return float(minimize_scalar(loss, bounds=(0.0, 4.0), method="bounded", options={"xatol": 1e-2}).x)


def _importance(positives: sparse.csr_array, power: float) -> FloatArray:
    """What each item's residual counts, (W,) float32: ``n ** -power`` of its n users, 1 for the item in the middle."""
    counts = np.diff(positives.indptr).clip(min=1).astype(np.float64) ** -power
    return (counts / np.median(counts)).astype(np.float32)


def _weighted(positives: sparse.csr_array, user_power: float) -> sparse.csr_array:
    """Labels (W, U) in which a user's n items share his weight."""
    return sparse.csr_array(positives @ sparse.diags_array(_per_item(positives, user_power))).astype(
        np.float32
    )


def _per_item(positives: sparse.csr_array, user_power: float) -> NDArray[np.float64]:
    """What each of a user's n items has of him, ``n ** -user_power``, (U,)."""
    users = np.bincount(positives.indices, minlength=positives.shape[1]).clip(min=1).astype(np.float64)
    return np.asarray(users**-user_power)


def _leading_users(
    solved: KernelRegression, labels: sparse.csr_array, *, size: int, rng: np.random.Generator
) -> FloatArray:
    """Directions of users (U, R), orthonormal, in which the fitted values (W, U) vary most.

    Source: Halko, Martinsson and Tropp (SIAM Review 2011), subspace iteration. The fitted values themselves are
    never written down.
    """
    n_texts, n_users = labels.shape
    wide = min(size + OVERSAMPLING, n_users, n_texts)
    if n_texts <= min(n_users, 2 * wide):
        return _leading_users_of_few(solved, labels, size=size)

    def values(directions: FloatArray) -> FloatArray:
        targets = np.asarray(labels @ directions, dtype=np.float32)
        return solved.fitted(solved.weights(targets), targets)  # (W, wide)

    basis = rng.standard_normal((n_users, wide)).astype(np.float32)
    for _ in range(SWEEPS):
        basis = np.linalg.qr(np.asarray(labels.T @ adjoint(solved, values(basis))))[0]
    found = values(basis).astype(np.float64)
    _, rotation = np.linalg.eigh(found.T @ found)
    leading: FloatArray = (basis @ rotation[:, ::-1][:, :size]).astype(np.float32)
    return leading


def _leading_users_of_few(solved: KernelRegression, labels: sparse.csr_array, *, size: int) -> FloatArray:
    """The same (U, R) where items are few: exact, by way of the products (W, W) of the items' fitted values.

    With H the regression's hat matrix and L the labels, the values are H L, and ``H L L' H' v = s^2 v`` gives the
    directions ``L' H' v / s``. Directions that carry nothing are left out.
    """
    products = (labels @ labels.T).toarray().astype(np.float64)  # (W, W), L L'
    half = solved.fitted(solved.weights(products), products)  # H L L'
    variance, axes = np.linalg.eigh(solved.fitted(solved.weights(half.T), half.T))
    kept = np.flatnonzero(variance > FLOOR * max(float(variance[-1]), 1e-30))[::-1][:size]
    chosen = axes[:, kept]
    found = np.asarray(labels.T @ adjoint(solved, chosen)) / np.sqrt(variance[kept])
    return found.astype(np.float32)


def _projected(directions: FloatArray, users: FloatArray, *, ridge: float) -> FloatArray:
    """``W (W'W + ridge)^-1 W'`` applied to (U, R): what a user's neighbours in the vectors say."""
    wide = users.astype(np.float64)
    gram = wide.T @ wide
    gram[np.diag_indices_from(gram)] += ridge * max(float(np.trace(gram)) / len(gram), 1e-12)
    return (wide @ np.linalg.solve(gram, wide.T @ directions)).astype(np.float32)


def _deviation(tokens: FloatArray, spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations (U,) of the rows' values under the items' covariance."""
    variance = np.einsum("ur,ur->u", tokens @ spread.astype(np.float32), tokens).astype(np.float64)
    return np.sqrt(variance.clip(min=0))


def _of_deviation_one(tokens: FloatArray, spread: NDArray[np.float64]) -> FloatArray:
    """Rows scaled so that their values have standard deviation 1; 0 stays 0."""
    found = _deviation(tokens, spread)
    return _scaled(tokens, np.where(found > 0, 1 / found.clip(min=1e-10), 0.0))


def _scaled(tokens: FloatArray, scale: NDArray[np.float64]) -> FloatArray:
    """Rows (U, R) times (U,)."""
    return (tokens * scale[:, None]).astype(np.float32)


def _relative(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sizes (U,) over their geometric mean; of whom nothing is known, the least that is known of anybody."""
    known = sizes[sizes > 0]
    if not len(known):
        return np.ones_like(sizes)
    return sizes.clip(min=known.min()) / float(np.exp(np.log(known).mean()))
