"""AlphaRec: no vectors per user or item, only one map of text, smoothed over the graph of readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.contests import Contest, contest_batches
from models.baselines.factors import Factors
from models.baselines.layers import linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Weight, WholeNumber
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import WarmPairs
from models.collaborative.graph import NormalisedAdjacency
from models.training import OnEpoch


@dataclass(frozen=True)
class AlphaRecConfig(RivalConfig):
    """Settings; defaults are the authors' for Amazon Books, but for the hidden width.

    Attributes:
        d: Numbers per vector.
        hidden: Width inside the map. The authors keep the number of parameters about equal over
            encoders (4.9 million: eight times the text's width at 768); 1024 is ours for 384. None: the map
            is linear.
        layers: Steps over the graph.
        temperature: Divides cosines.
        negatives: Warm items drawn per step for all of its pairs; those that a user has seen count for the
            others alone.
        learning_rate: Adam's.
        weight_decay: Adam's, added to the gradient.
    """

    d: Count = 64
    hidden: Count | None = 1024
    layers: WholeNumber = 2
    temperature: Positive = 0.15
    negatives: Count = 256
    learning_rate: Positive = 5e-4
    weight_decay: Weight = 1e-6
    batch_size: Count = 4096
    epochs: Count = 500
    patience: Count | None = 20
    validate_every: Count = 5

    @classmethod
    def tuned(cls) -> AlphaRecConfig:
        """The linear map, chosen on CiteULike's cold validation items."""
        return cls(hidden=None, learning_rate=0.01, negatives=1024, validate_every=1, patience=10, epochs=100)


class AlphaRec(RivalModel):
    """One map for texts of items and for users, who are the mean of the texts they chose.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: AlphaRecConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        pairs = np.unique(WarmPairs.of(data).pairs, axis=0)
        self.graph = NormalisedAdjacency.from_pairs(pairs, n_users=data.n_users, n_items=len(data.warm_items))
        degrees = torch.from_numpy(np.bincount(pairs[:, 0], minlength=data.n_users)).clamp(min=1)
        sums = torch.zeros(data.n_users, self.texts.shape[1])
        sums.index_add_(0, torch.from_numpy(pairs[:, 0]), self.warm_texts[torch.from_numpy(pairs[:, 1])])
        self.user_texts = sums / degrees[:, None]  # (U, H)
        self.map = text_map(self.texts.shape[1], config, generator=generator)

    def propagated(self) -> tuple[Tensor, Tensor]:
        """Directions of users (U, d) and warm items (W, d): the mean over the layers, of length one."""
        users, items = self.map(self.user_texts), self.map(self.warm_texts)
        user_sum, item_sum = users, items
        for _ in range(self.config.layers):
            users, items = self.graph.to_users(items), self.graph.to_items(users)
            user_sum, item_sum = user_sum + users, item_sum + items
        return nn.functional.normalize(user_sum, dim=1), nn.functional.normalize(item_sum, dim=1)

    def loss(self, batch: Contest) -> Tensor:
        """Mean of -ln of the seen item's share of exp(cosine / temperature) among unseen ones, nats."""
        users, items = self.propagated()
        users = users[batch.users] / self.config.temperature  # (B, d)
        return batch.first((users * items[batch.seen]).sum(dim=1), users @ items[batch.drawn].T).mean()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Users and warm items as in training; another item has no edges, so it is the map of its text."""
        users, warm = self.propagated()
        items = nn.functional.normalize(self.map(self.texts), dim=1)  # (I, d)
        items[self.warm] = warm
        return users, items


def text_map(n_in: int, config: AlphaRecConfig, *, generator: torch.Generator) -> nn.Module:
    """Linear, leaky ReLU, linear; or one linear map."""
    if config.hidden is None:
        return linear(n_in, config.d, start="xavier_uniform", generator=generator)
    return nn.Sequential(
        linear(n_in, config.hidden, start="xavier_uniform", generator=generator),
        nn.LeakyReLU(),
        linear(config.hidden, config.d, start="xavier_uniform", generator=generator),
    )


def fit(
    data: RivalInput, *, config: AlphaRecConfig = AlphaRecConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train AlphaRec from text and pairs alone.

    Args:
        data: Training set.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, d) and items (I, d) of length one, so that scores are cosines.

    Source: Sheng et al., "Language Representations Can be What Recommenders Need" (ICLR 2025,
        arXiv:2407.05441), section 4. The paper ranks warm items only; a cold one is an isolated node here.
    """
    model = AlphaRec(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = contest_batches(data, config.batch_size, drawn=config.negatives, generator=draws)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
