"""One table of users out of two: learned tokens and text tokens, side by side, in as many numbers as wanted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.filterllm.config import FilterLLMConfig
from models.filterllm.distillation import WideTables, distil

FloatArray = NDArray[np.float32]
UNSEEN = 1e-6  # of the mean variance: what a new item may have where the given ones, perhaps fewer than F, have nothing
FLOOR = 1e-9  # of the greatest variance of the scores: what no user's row tells apart carries nothing


def fuse(users: FloatArray, items: FloatArray, *, width: int) -> tuple[FloatArray, FloatArray]:
    """The best table of ``width`` numbers per user for the scores ``users @ items.T``.

    Best in the sense of least squares over all users and the given items, beside which new ones may go a little in
    any direction: with C = items' items + UNSEEN trace(items' items) / F, the leading directions of
    C^(1/2) users' users C^(1/2).

    Args:
        users: (U, F) float32.
        items: (W, F) float32, a sample of what the table will be multiplied with.
        width: D; no more numbers than the rank of ``users`` are needed.

    Returns:
        The table (U, D) and a map (F, D) that brings any item vector to it: ``users @ x`` is close to
        ``table @ (x @ map)``, and equal (up to rounding) for every x where D is that rank.

    Source: Eckart and Young (1936), in the metric of the items.
    """
    gram = items.astype(np.float64).T @ items.astype(np.float64)
    gram[np.diag_indices_from(gram)] += max(UNSEEN * float(np.trace(gram)) / len(gram), 1e-30)
    variance, axes = np.linalg.eigh(gram)
    root = np.sqrt(variance)
    stretch = axes * root  # (F, F), brings users to units of the items' spread
    wide = users.astype(np.float64)
    share, directions = np.linalg.eigh(stretch.T @ (wide.T @ wide) @ stretch)
    kept = np.flatnonzero(share > FLOOR * float(share[-1]))[::-1][:width]
    leading = directions[:, kept]  # (F, D)
    # eigh leaves the signs open; fixed here so that every machine agrees
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    leading = leading * np.where(signs == 0, 1.0, signs)
    table = users @ (stretch @ leading).astype(np.float32)
    back = (axes / root) @ leading
    return table, back.astype(np.float32)


def narrowed(users: Tensor, items: Tensor, *, bias: Tensor, config: FilterLLMConfig) -> tuple[Tensor, Tensor]:
    """A table of ``config.width`` numbers per user that answers as a wider one.

    Args:
        users: (U, F) float32.
        items: (W, F) float32, of the training items.
        bias: (U,) float32, in nats.
        config: Width, and how the narrow table learns from the wide one.

    Returns:
        The table (U, D) and the map (F, D) that brings item vectors to it.
    """
    found = fuse(users.cpu().numpy(), items.cpu().numpy(), width=users.shape[1])
    table, back = (torch.from_numpy(one).to(users.device) for one in found)
    if table.shape[1] <= config.width:  # it holds everything as it is
        return table, back
    with torch.enable_grad():
        narrow, shortened = distil(
            WideTables(table, items @ back, bias),
            width=config.width,
            epochs=config.distillation_epochs,
            learning_rate=config.distillation_learning_rate,
            generator=torch.Generator().manual_seed(config.seed),
        )
    return narrow, back @ shortened
