"""A narrow table learns to answer as the wide one does.

The best table of D numbers by least squares spends them on all users' values alike; what is read of a
distribution is its top. So the wide table's first D principal numbers are only where the training starts.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR

from models.training import fitting_batch, train_epochs

logger = logging.getLogger(__name__)

BATCH_SIZE = 256  # items; each of a user's lists compares so many
WARM_UP = 30  # steps
WIDTH, POWER, NARROWEST = 512, 1.2, 64
"""A score adds up the steps of all its numbers, so narrower tables stand longer ones: of rates tried on
CiteULike-a, .006 to .01 was right at 512 and .1 at 64, where .02 was too slow; .04 at 512 did harm. Below 64 the
rate stays what it is there."""
SHARPNESS = 3.0
"""A narrow table cannot say everything, and what is read of a distribution is its top: logits are taught times this.
Tried on CiteULike-a's cold validation items from 1 to 4; 3 gave the best lists at 512 and at 64 numbers."""


@dataclass(frozen=True)
class WideTables:
    """The teacher: ``items @ users.T + bias`` are logits in nats.

    Attributes:
        users: (U, F) float32, the columns that carry most first.
        items: (W, F) float32, training items; uncorrelated columns of equal size, as ``fuse`` gives them.
        bias: (U,) float32.
    """

    users: Tensor
    items: Tensor
    bias: Tensor


class NarrowTables(nn.Module):
    """The student: a table of D numbers per user, and the map that brings the teacher's items to it."""

    def __init__(self, teacher: WideTables, width: int) -> None:
        super().__init__()
        self.teacher = teacher
        self.size = float(teacher.items.square().mean().sqrt().clamp(min=1e-12))
        first = torch.eye(teacher.users.shape[1], width, device=teacher.users.device)
        self.table = nn.Parameter(teacher.users[:, :width] * self.size)  # (U, D)
        self.back = nn.Parameter(first / self.size)  # (F, D), so that the items' numbers are about 1

    def loss(self, items: Tensor) -> Tensor:
        """What the student's answers lose of the teacher's, in nats: over users per item, over items per user."""
        wide = self.teacher.items[items]  # (B, F)
        taught = wide @ self.teacher.users.T + self.teacher.bias  # (B, U)
        said = wide @ self.back @ self.table.T + self.teacher.bias  # (B, U)
        sharp = [SHARPNESS * logits for logits in (taught, said)]
        return sum((divergence(*sharp, dim=dim) for dim in (1, 0)), start=said.new_zeros(()))


def divergence(taught: Tensor, said: Tensor, *, dim: int) -> Tensor:
    """Mean Kullback-Leibler divergence of the softmax along ``dim`` from ``taught`` to ``said``, in nats.

    Args:
        taught: (B, U) logits.
        said: (B, U) logits.
        dim: 1 compares users of an item, 0 items of a user.
    """
    wanted, found = taught.log_softmax(dim=dim), said.log_softmax(dim=dim)
    return (wanted.exp() * (wanted - found)).sum(dim=dim).mean()


def distil(
    teacher: WideTables, *, width: int, epochs: int, learning_rate: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Train a narrow table and its map, starting from the wide table's first columns.

    Args:
        teacher: The wide tables.
        width: D.
        epochs: Passes over the teacher's items; after 0 the first columns are the table.
        learning_rate: Adam's at D = 512, in units of a parameter's standard deviation; higher for narrower
            tables down to 64, and falling along a cosine.
        generator: Draws the order of the items.

    Returns:
        Table (U, D) and map (F, D): ``users @ x`` is close to ``table @ (x @ map)``.

    Source:
        Hinton, Vinyals and Dean (2015), at a temperature below 1; the mirrored term is ours.
    """
    student = NarrowTables(teacher, width)
    if epochs:
        rate = learning_rate * _narrowness(width) ** POWER
        _train(student, epochs=epochs, rate=rate, generator=generator)
    return student.table.detach(), student.back.detach()


def _narrowness(width: int) -> float:
    """How many times narrower than 512 numbers, at most 8 times; a wider table counts as a fraction."""
    return WIDTH / max(width, NARROWEST)


def _train(student: NarrowTables, *, epochs: int, rate: float, generator: torch.Generator) -> None:
    items = student.teacher.items
    batch_size = fitting_batch(BATCH_SIZE, len(items))
    total = epochs * math.ceil(len(items) / batch_size)
    optimizer = Adam(
        {"params": [one], "lr": rate * max(float(one.detach().std()), 1e-12)} for one in student.parameters()
    )

    def batches(_: int) -> Iterator[Tensor]:
        order = torch.randperm(len(items), generator=generator).to(items.device)
        yield from torch.split(order, batch_size)

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))

    history = train_epochs(student, batches, optimizer, epochs=epochs, scheduler=LambdaLR(optimizer, factor))
    logger.info("distillation: %s nats", [round(one.loss, 4) for one in history.epochs])
