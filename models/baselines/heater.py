"""Heater: experts turn text into a collaborative vector, which stands in for the real one at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.config_checks import check_settings
from models.baselines.factors import Factors
from models.baselines.layers import half_squared_weights, linear, standardised
from models.baselines.rival import RivalInput
from models.baselines.rival_training import train_rival
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import WarmPairs, n_batches, shuffled_batches
from models.training import OnEpoch, fitting_batch

OUTLIER = 5.0  # deviations, texts and users
ITEM_LIMIT = 1.0  # deviations: within reach of the hyperbolic tangent that imitates item vectors


@dataclass(frozen=True)
class HeaterConfig:
    """Settings; defaults are the authors' for CiteULike.

    Attributes:
        experts: Maps of text, mixed by a gate, >= 1.
        width: Width of both towers, >= 1.
        replaced: Share of pairs whose item is shown by its text, in [0, 1].
        likeness_weight: Weight of the squared distances of text and item vectors, summed over a batch, >= 0.
        l2: Weight of half the squared entries of all maps, >= 0.
        negatives: Unseen warm items per pair, >= 1.
        learning_rate: Of gradient descent, > 0.
        momentum: In [0, 1].
        decay: Factor of the learning rate, > 0.
        decay_every: Epochs from one decay to the next, >= 1.
        batch_size: Pairs per step, negatives counted, >= 2.
        epochs: At most, >= 1.
        patience: Epochs without improvement that end the training, >= 1. None: never.

    Raises:
        ValueError: If a value is out of its range.
    """

    experts: int = 5
    width: int = 200
    replaced: float = 0.5
    likeness_weight: float = 1e-4
    l2: float = 1e-4
    negatives: int = 5
    learning_rate: float = 0.005
    momentum: float = 0.9
    decay: float = 0.8
    decay_every: int = 10
    batch_size: int = 1024
    epochs: int = 100
    patience: int | None = None

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=[
                *("experts", "width", "negatives", "decay_every", "batch_size", "epochs", "patience"),
            ],
            positive=["learning_rate", "decay"],
            weights=["likeness_weight", "l2"],
            shares=["replaced", "momentum"],
        )


@dataclass(frozen=True)
class Judged:
    """A batch: users (B,), item positions (B,), shown by text (B,) bool, seen or not (B,) float32 0/1."""

    users: Tensor
    items: Tensor
    by_text: Tensor
    seen: Tensor


class Heater(nn.Module):
    """Experts and gate, and one tower for each side.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: HeaterConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        texts = standardised(
            text_directions(data.features, data.warm_items), by=data.warm_items, limit=OUTLIER
        )
        self.users = torch.from_numpy(standardised(data.user_vectors, limit=OUTLIER))  # (U, D)
        self.items = torch.from_numpy(standardised(data.warm_vectors, limit=ITEM_LIMIT))  # (W, D)
        self.texts = torch.from_numpy(texts)  # (I, H)
        self.warm = torch.from_numpy(data.warm_items)
        self.warm_texts = self.texts[self.warm]
        h, d = texts.shape[1], self.items.shape[1]
        self.experts = nn.ModuleList(
            linear(h, d, start="truncated_normal", generator=generator) for _ in range(config.experts)
        )
        self.gate = linear(h, config.experts, start="truncated_normal", generator=generator)
        self.user_tower = tower(d, config.width, generator=generator)
        self.item_tower = tower(d, config.width, generator=generator)

    def imitated(self, texts: Tensor) -> Tensor:
        """Item vectors (n, D) from texts (n, H)."""
        opinions = torch.stack([expert(texts).tanh() for expert in self.experts], dim=1)  # (n, M, D)
        return torch.einsum("nm,nmd->nd", self.gate(texts).tanh(), opinions).tanh()

    def loss(self, batch: Judged) -> Tensor:
        """Squared error of the pairs, likeness of text and item vectors, and the maps' size."""
        known = self.items[batch.items]
        imitated = self.imitated(self.warm_texts[batch.items])
        items = self.item_tower(torch.where(batch.by_text[:, None], imitated, known))
        users = self.user_tower(self.users[batch.users])
        error = (batch.seen - (users * items).sum(dim=1)).square().mean()
        likeness = (imitated - known).square().sum()
        return error + self.config.likeness_weight * likeness + self.config.l2 * half_squared_weights(self)

    def factors(self) -> Factors:
        """Warm items by their vectors, cold ones by their texts, all through the towers."""
        with torch.no_grad():
            items = self.imitated(self.texts)
            items[self.warm] = self.items
            return Factors(users=self.user_tower(self.users).numpy(), items=self.item_tower(items).numpy())


def tower(n_in: int, width: int, *, generator: torch.Generator) -> nn.Sequential:
    """Linear, batch norm, tanh, linear."""
    return nn.Sequential(
        linear(n_in, width, start="truncated_normal", generator=generator),
        nn.BatchNorm1d(width),
        nn.Tanh(),
        linear(width, width, start="truncated_normal", generator=generator),
    )


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
    warm = WarmPairs.of(data)

    def batches(epoch: int) -> Iterator[Judged]:
        unseen = np.repeat(warm.pairs, config.negatives, axis=0)
        unseen[:, 1] = warm.of_users.unseen(unseen[:, 0], generator=draws)
        pairs = np.concatenate((warm.pairs, unseen))
        seen = (np.arange(len(pairs)) < len(warm.pairs)).astype(np.float32)
        by_text = draws.random(len(pairs)) < config.replaced
        for rows in shuffled_batches(len(pairs), config.batch_size, generator=draws):
            columns = (pairs[rows, 0], pairs[rows, 1], by_text[rows], seen[rows])
            yield Judged(*(torch.from_numpy(column) for column in columns))

    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
    n_pairs = len(warm.pairs) * (1 + config.negatives)
    steps = n_batches(n_pairs, fitting_batch(config.batch_size, n_pairs))
    train_rival(
        model,
        batches,
        optimizer,
        data=data,
        epochs=config.epochs,
        patience=config.patience,
        scheduler=torch.optim.lr_scheduler.StepLR(optimizer, steps * config.decay_every, config.decay),
        on_epoch=on_epoch,
    )
    return model.factors()
