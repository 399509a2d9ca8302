"""Layers of the rivals whose every random number comes from a given generator."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Indices, Matrix

Start = Literal["xavier_uniform", "xavier_normal", "truncated_normal"]
TRUNCATED_DEVIATION = 0.01


def linear(
    n_in: int, n_out: int, *, start: Start, generator: torch.Generator, bias: bool = True
) -> nn.Linear:
    """A linear map with drawn weights and a bias of zero.

    Args:
        n_in: Input width.
        n_out: Output width.
        start: Law of the initial weights; the truncated normal has deviation .01, cut at two deviations.
        generator: Source of the weights.
        bias: Whether there is one.

    Returns:
        The layer.
    """
    # made without values first: torch would fill them from the global seed
    layer = nn.Linear(n_in, n_out, bias=bias, device="meta").to_empty(device="cpu")
    start_weights(layer.weight, start=start, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def start_weights(weights: Tensor, *, start: Start, generator: torch.Generator) -> None:
    """Fill a matrix, in place."""
    if start == "xavier_uniform":
        nn.init.xavier_uniform_(weights, generator=generator)
    elif start == "xavier_normal":
        nn.init.xavier_normal_(weights, generator=generator)
    else:
        edge = 2 * TRUNCATED_DEVIATION
        nn.init.trunc_normal_(weights, std=TRUNCATED_DEVIATION, a=-edge, b=edge, generator=generator)


def tower(n_in: int, hidden: int, n_out: int, *, generator: torch.Generator) -> nn.Sequential:
    """Linear, batch norm, tanh, linear, with weights of the truncated normal."""
    return nn.Sequential(
        linear(n_in, hidden, start="truncated_normal", generator=generator),
        nn.BatchNorm1d(hidden),
        nn.Tanh(),
        linear(hidden, n_out, start="truncated_normal", generator=generator),
    )


class GeneratorDropout(nn.Module):
    """Dropout whose masks come from a generator of ours; torch's own knows only the global seed."""

    def __init__(self, share: float, *, generator: torch.Generator) -> None:
        super().__init__()
        self.share = share
        self.generator = generator

    def forward(self, values: Tensor) -> Tensor:
        """Zero a share of the values in training and enlarge the others, any shape."""
        if not self.training or self.share == 0:
            return values
        kept = torch.rand(values.shape, generator=self.generator) >= self.share
        return values * kept / (1 - self.share)


def half_squared_weights(module: nn.Module) -> Tensor:
    """Half the sum of squared entries of all linear maps in ``module``, biases and norms left out; scalar."""
    squares = [layer.weight.square().sum() for layer in module.modules() if isinstance(layer, nn.Linear)]
    return torch.stack(squares).sum() / 2


def standardised(rows: Matrix, *, by: Indices | None = None, limit: float) -> Matrix:
    """Coordinates with mean 0 and deviation 1, cut at ``limit`` deviations.

    Args:
        rows: Shape (n, F), float32.
        by: Rows from which mean and deviation are taken; None: all.
        limit: Greatest absolute value, > 0.

    Returns:
        Shape (n, F), float32; a coordinate without variation becomes 0.
    """
    known = rows if by is None else rows[by]
    mean, deviation = known.mean(axis=0, dtype=np.float64), known.std(axis=0, dtype=np.float64)
    scaled = (rows - mean) / np.where(deviation > 1e-12, deviation, np.inf)
    return np.clip(scaled, -limit, limit).astype(np.float32)
