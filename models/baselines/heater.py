"""Heater: experts turn text into a collaborative vector, which stands in for the real one at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.contests import Shown, contest_batches, shown_batches
from models.baselines.factors import Factors
from models.baselines.layers import half_squared_weights, linear, standardised, tower
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import n_batches
from models.training import OnEpoch, fitting_batch

OUTLIER = 5.0  # deviations, texts and users
ITEM_LIMIT = 1.0  # deviations: within reach of the hyperbolic tangent that imitates item vectors


@dataclass(frozen=True)
class HeaterConfig(RivalConfig):
    """Settings; defaults are the authors' for CiteULike.

    Attributes:
        experts: Maps of text, mixed by a gate.
        width: Width of both towers.
        replaced: Share of pairs whose item is shown by its text.
        likeness_weight: Weight of the squared distances of text and item vectors, summed over a batch.
        l2: Weight of half the squared entries of all maps.
        negatives: Unseen warm items per pair, of which those drawn for the step are the sample.
        drawn: Warm items drawn per step for all of its pairs.
        learning_rate: Of gradient descent.
        momentum: Of gradient descent.
        decay: Factor of the learning rate.
        decay_every: Epochs from one decay to the next.
        batch_size: Seen pairs per step, at most; with their negatives the authors' 1024.
    """

    experts: Count = 5
    width: Count = 200
    replaced: Share = 0.5
    likeness_weight: Weight = 1e-4
    l2: Weight = 1e-4
    negatives: Count = 5
    drawn: Count = 512
    learning_rate: Positive = 0.005
    momentum: Share = 0.9
    decay: Positive = 0.8
    decay_every: Count = 10
    batch_size: Count = 170
    epochs: Count = 100
    patience: Count | None = None

    @classmethod
    def tuned(cls) -> HeaterConfig:
        """Longer steps of bounded gradients, chosen on CiteULike's cold validation items."""
        return cls(
            learning_rate=0.05, drawn=256, likeness_weight=1e-5, epochs=15, patience=5, max_gradient_norm=1.0
        )


class Heater(RivalModel):
    """Experts and gate, and one tower for each side.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: HeaterConfig, *, generator: torch.Generator) -> None:
        super().__init__(data, text_limit=OUTLIER)
        self.config = config
        self.users = torch.from_numpy(standardised(data.user_vectors, limit=OUTLIER))  # (U, D)
        self.items = torch.from_numpy(standardised(data.warm_vectors, limit=ITEM_LIMIT))  # (W, D)
        h, d = self.texts.shape[1], self.items.shape[1]
        self.experts = nn.ModuleList(
            linear(h, d, start="truncated_normal", generator=generator) for _ in range(config.experts)
        )
        self.gate = linear(h, config.experts, start="truncated_normal", generator=generator)
        self.user_tower = tower(d, config.width, config.width, generator=generator)
        self.item_tower = tower(d, config.width, config.width, generator=generator)

    def imitated(self, texts: Tensor) -> Tensor:
        """Item vectors (n, D) from texts (n, H)."""
        opinions = torch.stack([expert(texts).tanh() for expert in self.experts], dim=1)  # (n, M, D)
        return torch.einsum("nm,nmd->nd", self.gate(texts).tanh(), opinions).tanh()

    def loss(self, batch: Shown) -> Tensor:
        """Squared error of the pairs, likeness of text and item vectors, and the maps' size."""
        contest, n = batch.contest, len(batch.contest.seen)
        positions = torch.cat((contest.seen, contest.drawn))
        known, imitated = self.items[positions], self.imitated(self.warm_texts[positions])
        by_text = torch.cat((batch.seen_by_text, batch.drawn_by_text))
        items = self.item_tower(torch.where(by_text[:, None], imitated, known))
        users = self.user_tower(self.users[contest.users])
        seen, drawn = items.split((n, len(contest.drawn)))
        # the drawn items are the sample of the unseen pairs, of which there are `negatives` for a seen one
        count = self.config.negatives
        free = ~contest.taken
        wrong = ((users @ drawn.T).square() * free).sum(dim=1) / free.sum(dim=1).clamp_min(1)  # (B,)
        error = ((1 - (users * seen).sum(dim=1)).square() + count * wrong).mean() / (1 + count)
        distances = (imitated - known).square().sum(dim=1)
        likeness = distances[:n].sum() + count * n * distances[n:].mean()
        return error + self.config.likeness_weight * likeness + self.config.l2 * half_squared_weights(self)

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Warm items by their vectors, cold ones by their texts, all through the towers."""
        items = self.imitated(self.texts)
        items[self.warm] = self.items
        return self.user_tower(self.users), self.item_tower(items)


def fit(
    data: RivalInput, *, config: HeaterConfig = HeaterConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train Heater on the given collaborative vectors.

    Args:
        data: Training set and vectors; the paper's are of BPR.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, width) and items (I, width), warm and cold alike from the towers.

    Source: Zhu et al., "Recommendation for New Users and New Items via Randomized Training and
        Mixture-of-Experts Transformation" (SIGIR 2020), section 3; inputs and weights from the authors' code.
    """
    model = Heater(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    contests = contest_batches(data, config.batch_size, drawn=config.drawn, generator=draws)
    batches = shown_batches(contests, config.replaced, generator=draws)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
    steps = n_batches(len(data.train), fitting_batch(config.batch_size, len(data.train)))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, steps * config.decay_every, config.decay)
    return train_rival(
        model, batches, optimizer, data=data, config=config, scheduler=scheduler, on_epoch=on_epoch
    )
