"""The filter's text side: one tower reads an item's text, the other the mean text of what a user has read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.factors import Factors
from models.baselines.layers import linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import Triples, n_batches, triple_batches
from models.training import OnEpoch, fitting_batch


@dataclass(frozen=True)
class TextTowersConfig(RivalConfig):
    """Settings; the paper's widths are 2,048 and 200, its step 1e-5 for texts of 4,096 numbers.

    Attributes:
        hidden: Width of both towers' hidden layer.
        d: Numbers that come out of a tower.
        learning_rate: AdamW's; falls to 0 in a straight line.
        weight_decay: AdamW's.
    """

    hidden: Count = 512
    d: Count = 200
    learning_rate: Positive = 1e-3
    weight_decay: Weight = 0.01
    epochs: Count = 12


class TextTowers(RivalModel):
    """Two towers whose inner product is the logit of "this user reads this item".

    Args:
        data: Training set; of it the pairs and the text vectors.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: TextTowersConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        users, items = torch.from_numpy(data.train).unbind(dim=1)
        h = self.texts.shape[1]
        self.sums = torch.zeros(data.n_users, h).index_add_(0, users, self.texts[items])  # (U, H)
        self.user_tower = tower(h, config, generator=generator)
        self.item_tower = tower(h, config, generator=generator)

    def loss(self, batch: Triples) -> Tensor:
        """Cross-entropy of one seen and one unseen item a user, in nats, scalar.

        The text of a seen item is taken out of its reader's mean: with it, the towers would learn to find a
        text inside a mean.
        """
        seen, unseen = self.warm_texts[batch.positives], self.warm_texts[batch.negatives]  # (B, H) each
        users = torch.cat((self.sums[batch.users] - seen, self.sums[batch.users]))  # (2 B, H)
        logits = (self.map_users(users) * self.map_items(torch.cat((seen, unseen)))).sum(dim=1)  # (2 B,)
        answers = torch.cat((torch.ones(len(seen)), torch.zeros(len(seen))))
        return nn.functional.binary_cross_entropy_with_logits(logits, answers)

    def map_users(self, sums: Tensor) -> Tensor:
        """Sums of text vectors (n, H), whose direction is that of the mean, as vectors (n, d)."""
        mapped: Tensor = self.user_tower(_scaled(sums))
        return mapped

    def map_items(self, texts: Tensor) -> Tensor:
        """Text directions (n, H) as vectors (n, d)."""
        mapped: Tensor = self.item_tower(_scaled(texts))
        return mapped

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Of all users and of all items, warm and cold."""
        return self.map_users(self.sums), self.map_items(self.texts)


def tower(width: int, config: TextTowersConfig, *, generator: torch.Generator) -> nn.Sequential:
    """Linear, ReLU, linear."""
    return nn.Sequential(
        linear(width, config.hidden, start="truncated_normal", generator=generator),
        nn.ReLU(),
        linear(config.hidden, config.d, start="truncated_normal", generator=generator),
    )


def _scaled(rows: Tensor) -> Tensor:
    """Rows with entries of mean square 1; a row of zeros, a user with nothing else read, stays."""
    return nn.functional.normalize(rows, dim=1) * math.sqrt(rows.shape[1])


def fit(
    data: RivalInput, *, config: TextTowersConfig = TextTowersConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train both towers.

    Args:
        data: Training set; its collaborative vectors are not read.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, d) and items (I, d).

    Source: ColdLLM, arXiv 2402.09176 (WSDM 2025), the filter's text-based tower. Differences: the target is
        left out of the user's mean, and the best epoch is that of cold validation items, not of held-out pairs.
    """
    model = TextTowers(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = triple_batches(data, config.batch_size, generator=draws)
    rate, shrink = config.learning_rate, config.weight_decay
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=shrink)
    steps = config.epochs * n_batches(len(data.train), fitting_batch(config.batch_size, len(data.train)))
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    return train_rival(
        model, batches, optimizer, data=data, config=config, scheduler=decay, on_epoch=on_epoch
    )
