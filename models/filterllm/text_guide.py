"""What a text leads to expect of an item: the collaborative vector it will have, and how often it will be taken.

What two texts have in common counts as far as readers care for it, and readers say so in the vectors of the warm
items. A first regression from texts to those vectors gives every text an expected one; texts whose expected vectors
are near each other are then near each other in the kernel that the users' regression is solved with. A training
item's expected vector is that of a regression without it, as a new item's will be. The same regression tells how often
items with such texts are taken, which the items' offset asks for (``item_offset``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.filterllm.kernel_regression import FloatArray, solve_kernel_regression, without_own

SHORTEST = 1e-12


def nearness(places: Tensor, landmarks: Tensor) -> Tensor:
    """``kernel_regression.kernel`` in torch: (B, M) of places (B, G) and landmarks (M, G)."""
    return (places @ landmarks.T - 1).exp()


class TextGuide(nn.Module):
    """From a text's unit vector to that vector and the expected collaborative one side by side, and to the popularity.

    Attributes:
        landmarks: (M, H) float32, unit vectors of texts.
        projection: (M, D) float32; without columns no vector is expected and the text's own stays alone.
        mean: (D,) float32, of the warm items' expected vectors, taken off before they are brought to length 1.
        popularity: (M,) float32, towards the logarithm of how often an item is taken, around the warm items' mean.
    """

    landmarks: Tensor
    projection: Tensor
    mean: Tensor
    popularity: Tensor

    def __init__(self, landmarks: Tensor, projection: Tensor, mean: Tensor, popularity: Tensor) -> None:
        super().__init__()
        self.register_buffer("landmarks", landmarks)
        self.register_buffer("projection", projection)
        self.register_buffer("mean", mean)
        self.register_buffer("popularity", popularity)

    @classmethod
    def empty(cls, hidden_size: int) -> TextGuide:
        """Expects nothing."""
        return cls(torch.zeros((0, hidden_size)), torch.zeros((0, 0)), torch.zeros(0), torch.zeros(0))

    def forward(self, unit: Tensor) -> tuple[Tensor, Tensor]:
        """Of unit vectors (B, H): (B, H + D), both parts of length 1, and popularity (B,), 0 where nothing is known."""
        near = nearness(unit, self.landmarks)  # (B, M)
        popularity = near @ self.popularity
        if not self.projection.shape[1]:
            return unit, popularity
        expected = near @ self.projection - self.mean  # (B, D)
        return torch.cat([unit, functional.normalize(expected, dim=1, eps=SHORTEST)], dim=1), popularity


@dataclass(frozen=True)
class Expected:
    """What the training items' texts lead to expect, each as if it had been left out.

    Attributes:
        vectors: (W, D) float32, of length 1.
        popularity: (W,) float32, the logarithm around its mean.
    """

    vectors: FloatArray
    popularity: FloatArray


def fit_text_guide(
    texts: FloatArray,
    items: FloatArray,
    taken: NDArray[np.integer],
    *,
    ridge: float,
    landmarks: int,
    rng: np.random.Generator,
) -> tuple[TextGuide, Expected]:
    """Regress the items' vectors, and how often they are taken, on their texts.

    Args:
        texts: (W, H) float32, centred unit vectors of the warm items.
        items: (W, D) float32, their collaborative vectors; only directions count. (W, 0) expects none.
        taken: (W,) interactions of each, >= 1.
        ridge: Regulariser of the kernel regression, in items, > 0.
        landmarks: Items up to which it is exact.
        rng: Draws landmarks.

    Returns:
        The guide, and what is expected of the warm items.
    """
    solved = solve_kernel_regression(texts, ridge=ridge, landmarks=landmarks, rng=rng)
    targets = np.column_stack([_unit(items), np.log(taken)]).astype(np.float32)  # (W, D + 1)
    weights, left_out = without_own(solved, targets - targets.mean(axis=0))
    mean = left_out[:, :-1].mean(axis=0)
    sides = (solved.landmarks, weights[:, :-1], mean, weights[:, -1])
    guide = TextGuide(*(torch.from_numpy(np.ascontiguousarray(one)) for one in sides))
    return guide, Expected(_unit(left_out[:, :-1] - mean), left_out[:, -1])


def _unit(vectors: FloatArray) -> FloatArray:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=SHORTEST)
    return (vectors / lengths).astype(np.float32)
