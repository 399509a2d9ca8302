"""A narrow table learns to answer as the wide one does.

The best table of D numbers by least squares spends them on all users' values alike; what is read of a
distribution is its top. So the truncated tables are only where the training of the narrow ones starts.
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
WIDTH, POWER = 512, 0.75
"""A score adds up the steps of all its numbers, so narrower tables stand longer ones: of rates tried on
CiteULike-a, .02 was right at 512 and .1 at 64, where .02 was too slow; .1 at 512 did harm."""


@dataclass(frozen=True)
class WideTables:
    """The teacher: ``items @ users.T + bias`` are logits in nats.

    Attributes:
        users: (U, F) float32.
        items: (W, F) float32, training items.
        bias: (U,) float32.
    """

    users: Tensor
    items: Tensor
    bias: Tensor


class NarrowTables(nn.Module):
    """The student: a table of D numbers per user, and the map that brings wide item vectors to it."""

    def __init__(self, teacher: WideTables, table: Tensor, back: Tensor) -> None:
        super().__init__()
        self.teacher = teacher
        spread = (teacher.items @ back).std(dim=0).clamp(min=1e-12)  # (D,): both sides learn at one pace
        self.table = nn.Parameter(table * spread)  # (U, D)
        self.back = nn.Parameter(back / spread)  # (F, D)

    def loss(self, items: Tensor) -> Tensor:
        """What the student's answers lose of the teacher's, in nats: over users per item, over items per user."""
        wide = self.teacher.items[items]  # (B, F)
        taught = wide @ self.teacher.users.T + self.teacher.bias  # (B, U)
        said = wide @ self.back @ self.table.T + self.teacher.bias  # (B, U)
        return sum((divergence(taught, said, dim=dim) for dim in (1, 0)), start=said.new_zeros(()))


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
    teacher: WideTables,
    table: Tensor,
    back: Tensor,
    *,
    epochs: int,
    learning_rate: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Train a narrow table and its map, starting from given ones.

    Args:
        teacher: The wide tables.
        table: (U, D) float32 and
        back: (F, D) float32, where to start: ``users @ x`` is close to ``table @ (x @ back)``.
        epochs: Passes over the teacher's items; 0 gives the start back.
        learning_rate: Adam's at D = 512, in units of a parameter's standard deviation; higher for narrower
            tables, and falling along a cosine.
        generator: Draws the order of the items.

    Returns:
        Table (U, D) and map (F, D).

    Source:
        Hinton, Vinyals and Dean (2015), at temperature 1; the mirrored term is ours.
    """
    if not epochs:
        return table, back
    student = NarrowTables(teacher, table, back)
    n = len(teacher.items)
    batch_size = fitting_batch(BATCH_SIZE, n)
    total = epochs * math.ceil(n / batch_size)
    rate = learning_rate * (WIDTH / table.shape[1]) ** POWER
    optimizer = Adam(
        {"params": [one], "lr": rate * max(float(one.detach().std()), 1e-12)} for one in student.parameters()
    )

    def batches(_: int) -> Iterator[Tensor]:
        order = torch.randperm(n, generator=generator).to(teacher.items.device)
        yield from torch.split(order, batch_size)

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))

    history = train_epochs(student, batches, optimizer, epochs=epochs, scheduler=LambdaLR(optimizer, factor))
    logger.info("distillation: %s nats", [round(one.loss, 4) for one in history.epochs])
    return student.table.detach(), student.back.detach()
