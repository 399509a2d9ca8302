"""Where an item will stand among the others: the collaborative vector that its text leads to expect.

What two texts have in common counts as far as readers care for it, and readers say so in the vectors of the warm
items. A first regression from texts to those vectors gives every text an expected one; texts whose expected vectors
are near each other are then near each other in the kernel that the users' regression is solved with. A training
item's expected vector is that of a regression without it, as a new item's will be.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.filterllm.kernel_regression import FloatArray, solve_kernel_regression, without_own

SHORTEST = 1e-12


def nearness(places: Tensor, landmarks: Tensor) -> Tensor:
    """``kernel_regression.kernel`` in torch: (B, M) of places (B, G) and landmarks (M, G)."""
    return (places @ landmarks.T - 1).exp()


class TextGuide(nn.Module):
    """From a text's unit vector to that vector and the expected collaborative one side by side.

    Attributes:
        landmarks: (M, H) float32, unit vectors of texts.
        projection: (M, D) float32; without columns nothing is expected and the text's vector stays alone.
        mean: (D,) float32, of the warm items' expected vectors, taken off before they are brought to length 1.
    """

    landmarks: Tensor
    projection: Tensor
    mean: Tensor

    def __init__(self, landmarks: Tensor, projection: Tensor, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("landmarks", landmarks)
        self.register_buffer("projection", projection)
        self.register_buffer("mean", mean)

    @classmethod
    def empty(cls, hidden_size: int) -> TextGuide:
        """Expects nothing."""
        return cls(torch.zeros((0, hidden_size)), torch.zeros((0, 0)), torch.zeros(0))

    def forward(self, unit: Tensor) -> Tensor:
        """(B, H + D) of unit vectors (B, H), both parts of length 1."""
        if not self.projection.shape[1]:
            return unit
        expected = nearness(unit, self.landmarks) @ self.projection - self.mean  # (B, D)
        return torch.cat([unit, functional.normalize(expected, dim=1, eps=SHORTEST)], dim=1)


def fit_text_guide(
    texts: FloatArray,
    items: FloatArray,
    *,
    importance: FloatArray,
    ridge: float,
    landmarks: int,
    rng: np.random.Generator,
) -> tuple[TextGuide, FloatArray]:
    """Regress the items' vectors on their texts.

    Args:
        texts: (W, H) float32, centred unit vectors of the warm items.
        items: (W, D) float32, their collaborative vectors; only directions count.
        importance: (W,) float32, what each item's residual counts.
        ridge: Regulariser of the kernel regression, in items, > 0.
        landmarks: Items up to which it is exact.
        rng: Draws landmarks.

    Returns:
        The guide, and (W, D) float32: each item's expected vector, of length 1, as if it had been left out.
    """
    solved = solve_kernel_regression(texts, importance=importance, ridge=ridge, landmarks=landmarks, rng=rng)
    targets = _unit(items)
    projection, left_out = without_own(solved, targets - targets.mean(axis=0))
    mean = left_out.mean(axis=0)
    tensors = (torch.from_numpy(np.ascontiguousarray(one)) for one in (solved.landmarks, projection, mean))
    return TextGuide(*tensors), _unit(left_out - mean)


def _unit(vectors: FloatArray) -> FloatArray:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=SHORTEST)
    return (vectors / lengths).astype(np.float32)
