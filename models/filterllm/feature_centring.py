"""Texts' vectors on a sphere around the warm items' mean: what all texts have in common is taken out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


class FeatureCentring(nn.Module):
    """Normalise, subtract the warm mean, normalise again.

    Attributes:
        mean: (H,) float32, mean of the warm items' unit vectors; fixed after stage 1.
    """

    mean: Tensor

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.detach().clone().to(torch.float32))

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> FeatureCentring:
        """Centring whose mean is that of the given vectors, (W, H) float32."""
        lengths = np.linalg.norm(features, axis=1, keepdims=True).clip(min=1e-12)
        return cls(torch.from_numpy((features / lengths).mean(axis=0, dtype=np.float64).astype(np.float32)))

    def forward(self, features: Tensor) -> Tensor:
        """(B, H) raw vectors in, (B, H) unit vectors out."""
        return functional.normalize(functional.normalize(features, dim=1) - self.mean, dim=1)
