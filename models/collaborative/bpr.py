"""Bayesian personalised ranking: the pairwise loss, its regulariser, and its batches of triples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.collaborative.label_noise import LabelNoise
from models.collaborative.negative_sampling import NegativeSampler
from models.retrieval import FloatTable, IndexArray


@dataclass(frozen=True)
class Triples:
    """A batch: each user with one item it has chosen and one it has not; three int64 tensors (B,)."""

    users: Tensor
    positives: Tensor
    negatives: Tensor


def bpr_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """How badly the chosen items are ranked against the others.

    Args:
        positive: Scores of the chosen items, any shape, floating.
        negative: Scores of the items they are compared with, same shape.

    Returns:
        Mean of -ln sigmoid(positive - negative) in nats, scalar.

    Source: Rendle et al., "BPR" (UAI 2009), equation of BPR-Opt without its prior.
    """
    return nn.functional.softplus(negative - positive).mean()


def squared_norms(*rows: Tensor) -> Tensor:
    """Sum over the given (B, D) tensors of their rows' mean squared norm, scalar: the prior of BPR-Opt."""
    return torch.stack([table.square().sum() / len(table) for table in rows]).sum()


def gathered(users: Tensor, items: Tensor, batch: Triples) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of a batch's users, chosen and other items, each (B, D) float32; ``users`` (U, D), ``items`` (W, D).

    Both kinds of items are taken at once: the gradient of every gather is a whole table, so that on a CPU the
    number of gathers decides the time of a step.
    """
    others = nn.functional.embedding(torch.stack((batch.positives, batch.negatives)), items)  # (2, B, D)
    positives, negatives = others.unbind()
    return nn.functional.embedding(batch.users, users), positives, negatives


class BprModel(nn.Module):
    """Two tables of vectors, trained by BPR; a kind of model says how they become the scoring tables.

    Args:
        n_users: U.
        n_items: W, warm items only.
        d: Numbers per vector.
        l2: Weight of the squared norms of a triple's rows, before any propagation.
        generator: Draws the initial values (Xavier uniform: bound sqrt(6 / (rows + d)) per table).
    """

    def __init__(self, n_users: int, n_items: int, *, d: int, l2: float, generator: torch.Generator) -> None:
        super().__init__()
        self.l2 = l2
        self.noise: LabelNoise | None = None
        self.noise_l2 = 0.0
        self.user_rows = nn.Parameter(torch.empty(n_users, d))
        self.item_rows = nn.Parameter(torch.empty(n_items, d))
        for rows in (self.user_rows, self.item_rows):
            nn.init.xavier_uniform_(rows, generator=generator)

    def start_from(self, users: FloatTable, items: FloatTable) -> None:
        """Take these as first values: user rows (U, d), item rows (W, d), float32."""
        with torch.no_grad():
            self.user_rows.copy_(torch.from_numpy(users))
            self.item_rows.copy_(torch.from_numpy(items))

    def tables(self) -> tuple[Tensor, Tensor]:
        """Vectors of users (U, D) and warm items (W, D) whose inner product is the score."""
        raise NotImplementedError

    def learn_noise(self, noise: LabelNoise, *, l2: float) -> None:
        """From now on take pairs without an event for uncertain; ``l2`` weighs the noise's own rows."""
        self.noise = noise
        self.noise_l2 = l2

    def loss(self, batch: Triples) -> Tensor:
        """Mean BPR loss (or its noisy-label form) in nats, plus the weighted squared norms of the rows."""
        users, items = self.tables()
        chosen, positive_rows, negative_rows = gathered(users, items, batch)  # (B, D) each
        positive, negative = (chosen * positive_rows).sum(dim=1), (chosen * negative_rows).sum(dim=1)  # (B,)
        loss = bpr_loss(positive, negative) if self.noise is None else self._noisy(batch, positive, negative)
        if self.l2 == 0:
            return loss
        if users is self.user_rows:
            return loss + self.l2 * squared_norms(chosen, positive_rows, negative_rows)
        return loss + self.l2 * squared_norms(*gathered(self.user_rows, self.item_rows, batch))

    def _noisy(self, batch: Triples, positive: Tensor, negative: Tensor) -> Tensor:
        """The noisy-label form of the loss, with the noise's own penalty."""
        noise = self.noise
        assert noise is not None
        loss = noise.ranking_loss(
            positive,
            negative,
            seen_noise=noise.logits(batch.users, batch.positives),
            unseen_noise=noise.logits(batch.users, batch.negatives),
        )
        return loss + self.noise_l2 * squared_norms(
            noise.user_rows.index_select(0, batch.users),
            noise.item_rows.index_select(0, batch.positives),
            noise.item_rows.index_select(0, batch.negatives),
        )


class TripleBatches:
    """Each call gives one epoch: every training pair ``negatives`` times, in a new order with new negatives.

    Args:
        pairs: Training pairs (N, 2), int64: user_index and position of the warm item.
        sampler: Draws the negatives.
        batch_size: Triples per batch; the last one of an epoch may be smaller.
        negatives: Negatives per pair and epoch.
        generator: Source of order and negatives.
        device: Where the batches are put.
    """

    def __init__(
        self,
        pairs: IndexArray,
        sampler: NegativeSampler,
        *,
        batch_size: int,
        negatives: int,
        generator: np.random.Generator,
        device: str = "cpu",
    ) -> None:
        self._pairs = pairs
        self._sampler = sampler
        self._batch_size = batch_size
        self._negatives = negatives
        self._generator = generator
        self._device = device

    def __call__(self, epoch: int) -> Iterator[Triples]:
        """The batches of one epoch; its number does not matter, the generator goes on."""
        rows = np.tile(np.arange(len(self._pairs)), self._negatives)
        pairs = self._pairs[self._generator.permutation(rows)]  # (N * negatives, 2)
        drawn = self._sampler.sample(pairs[:, 0], generator=self._generator)
        triples = torch.from_numpy(np.stack((pairs[:, 0], pairs[:, 1], drawn))).to(self._device)
        for start in range(0, len(pairs), self._batch_size):
            users, positives, negatives = triples[:, start : start + self._batch_size]
            yield Triples(users, positives, negatives)
