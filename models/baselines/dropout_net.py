"""DropoutNet: two towers learn the scores of a factor model while its vectors are withheld at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.baselines.array_types import Matrix
from models.baselines.factors import Factors
from models.baselines.layers import standardised, tower
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import n_batches, shuffled_batches
from models.training import OnEpoch, fitting_batch

OUTLIER = 5.0  # deviations


@dataclass(frozen=True)
class DropoutNetConfig(RivalConfig):
    """Settings; widths, rates and shares are the authors' for CiteULike.

    Attributes:
        hidden: Width of each tower's hidden layer.
        width: Width of the towers' output.
        dropped_items: Share of a step's items without their vector.
        dropped_users: Share of a step's users without theirs.
        best_items: Highest-scored warm items per user that make up half of the pairs; the other half is drawn
            from all. More than W means all.
        items_per_step: Warm items drawn per step, at most.
        learning_rate: Of gradient descent.
        momentum: Of gradient descent.
        decay: Factor of the learning rate.
        decay_every: Epochs from one decay to the next.
        batch_size: Users per step, at most; each is paired with each item of the step.
        epochs: Passes over the users, at most.
    """

    hidden: Count = 200
    width: Count = 200
    dropped_items: Share = 0.5
    dropped_users: Share = 0.5
    best_items: Count = 2500
    items_per_step: Count = 1024
    learning_rate: Positive = 0.005
    momentum: Share = 0.9
    decay: Positive = 0.1
    decay_every: Count = 100
    batch_size: Count = 100
    epochs: Count = 500
    patience: Count | None = 20

    @classmethod
    def tuned(cls) -> DropoutNetConfig:
        """Longer steps of bounded gradients, chosen on CiteULike's cold validation items."""
        return cls(learning_rate=0.02, validate_every=2, epochs=300, max_gradient_norm=1.0)


@dataclass(frozen=True)
class Block:
    """A step: users (B,) int64 against items (K,) int64 by position; those who keep their vector, 0/1 (., 1)."""

    users: Tensor
    items: Tensor
    keep_users: Tensor
    keep_items: Tensor


class DropoutNet(RivalModel):
    """One tower for users, one for items; the factor model's vectors and scores are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: DropoutNetConfig, *, generator: torch.Generator) -> None:
        super().__init__(data, text_limit=OUTLIER)
        self.raw_users, self.raw_items = self.users, self.items
        self.users = torch.from_numpy(standardised(data.user_vectors, limit=OUTLIER))  # (U, D)
        self.items = torch.from_numpy(standardised(data.warm_vectors, limit=OUTLIER))  # (W, D)
        best = min(config.best_items, len(data.warm_items))
        self.least_of_best = torch.from_numpy(least_of_best(data.user_vectors, data.warm_vectors, best))
        self.weight_of_best = len(data.warm_items) / best
        d = self.users.shape[1]
        self.user_tower = tower(d, config.hidden, config.width, generator=generator)
        self.item_tower = tower(d + self.texts.shape[1], config.hidden, config.width, generator=generator)

    def loss(self, batch: Block) -> Tensor:
        """Mean squared error against the factor model's own scores, of which nothing is withheld.

        Items of a step are drawn from all; a weight gives a user's best ones half of the mean, as if every
        other pair had been drawn from them.
        """
        target = self.raw_users[batch.users] @ self.raw_items[batch.items].T  # (B, K)
        is_best = target >= self.least_of_best[batch.users][:, None]
        users = self.user_tower(self.users[batch.users] * batch.keep_users)
        vectors = self.items[batch.items] * batch.keep_items
        items = self.item_tower(torch.cat((vectors, self.warm_texts[batch.items]), dim=1))
        weights = (1 + self.weight_of_best * is_best) / 2
        return (weights * (target - users @ items.T).square()).mean()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Everything through the towers; a cold item's vector is zero."""
        vectors = torch.zeros(len(self.texts), self.items.shape[1])
        vectors[self.warm] = self.items
        return self.user_tower(self.users), self.item_tower(torch.cat((vectors, self.texts), dim=1))


def least_of_best(users: Matrix, items: Matrix, best: int) -> Matrix:
    """For each user a score between those of the items number ``best`` and ``best`` + 1 from the top.

    Args:
        users: Shape (U, D).
        items: Shape (W, D).
        best: In [1, W].

    Returns:
        Shape (U,), float32; minus infinity where all items are among the best.
    """
    if best == len(items):
        return np.full(len(users), -np.inf, dtype=np.float32)
    edge = len(items) - best
    blocks = np.array_split(np.arange(len(users)), -(-len(users) // 512))  # (512, W) scores at a time
    scores = (np.partition(users[rows] @ items.T, (edge - 1, edge), axis=1) for rows in blocks)
    return np.concatenate([part[:, edge - 1 : edge + 1].mean(axis=1) for part in scores]).astype(np.float32)


def kept_rows(n: int, dropped: float, *, draws: np.random.Generator) -> Tensor:
    """Ones (n, 1) float32 with exactly ``floor(dropped * n)`` zeros at drawn rows."""
    kept = np.ones((n, 1), dtype=np.float32)
    kept[draws.permutation(n)[: int(dropped * n)]] = 0
    return torch.from_numpy(kept)


def fit(
    data: RivalInput, *, config: DropoutNetConfig = DropoutNetConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train both towers on the scores of the given collaborative vectors.

    Args:
        data: Training set and vectors; the paper's are of weighted matrix factorisation.
        config: Settings.
        on_epoch: Called after each pass over the users.

    Returns:
        Users (U, width) and items (I, width), warm and cold alike from the towers.

    Source: Volkovs, Yu and Poutanen, "DropoutNet" (NeurIPS 2017), section 4.1, equation 3; standardised inputs,
        targets and optimiser from the authors' code, whose pairs are drawn one by one and not in blocks.
    """
    model = DropoutNet(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    n_warm = len(data.warm_items)

    def blocks(epoch: int) -> Iterator[Block]:
        for users in shuffled_batches(data.n_users, config.batch_size, generator=draws):
            items = draws.choice(n_warm, size=min(config.items_per_step, n_warm), replace=False)
            keep_users = kept_rows(len(users), config.dropped_users, draws=draws)
            keep_items = kept_rows(len(items), config.dropped_items, draws=draws)
            yield Block(torch.from_numpy(users), torch.from_numpy(items), keep_users, keep_items)

    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
    steps = n_batches(data.n_users, fitting_batch(config.batch_size, data.n_users)) * config.decay_every
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, steps, config.decay)
    return train_rival(
        model, blocks, optimizer, data=data, config=config, scheduler=scheduler, on_epoch=on_epoch
    )
