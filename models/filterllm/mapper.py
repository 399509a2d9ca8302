"""From a text's vector to the space of the user tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.filterllm.config import MapperKind


class SeededDropout(nn.Module):
    """Dropout that draws from a generator of its own, so that a seed decides every bit.

    Attributes:
        share: Share of the numbers set to zero in training; the others grow by 1 / (1 - share).
        generator: Where the draws come from; lives on the CPU.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share = share
        self.generator = generator

    def forward(self, values: Tensor) -> Tensor:
        """Any shape in, the same shape out; the identity in evaluation mode."""
        if not self.training or self.share == 0:
            return values
        kept = torch.rand(values.shape, generator=self.generator) >= self.share
        return values * kept.to(values.device) / (1 - self.share)


def build_mapper(
    kind: MapperKind, *, sizes: tuple[int, int, int], dropout: float, generator: torch.Generator
) -> nn.Sequential:
    """A fresh mapper.

    Args:
        kind: ``"mlp"`` is Linear, GELU, dropout, Linear; ``"linear"`` is the reference's Linear, ReLU.
        sizes: H, the width of the hidden layer (without effect on ``"linear"``), and d.
        dropout: Share of the hidden layer dropped in training.
        generator: Draws initial values and dropout.

    Returns:
        A module (B, H) -> (B, d).
    """
    hidden_size, width, d = sizes
    if kind == "linear":
        return nn.Sequential(_linear(hidden_size, d, generator), nn.ReLU())
    return nn.Sequential(
        _linear(hidden_size, width, generator),
        nn.GELU(),
        SeededDropout(dropout, generator),
        _linear(width, d, generator),
    )


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """torch's usual uniform initialisation, drawn from a given generator."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    bound = inputs**-0.5
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer
