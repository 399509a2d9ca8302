"""The filter's text side: one tower reads an item's text, the other the mean text of what a user has read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.contests import Contest, contest_batches
from models.baselines.factors import Factors
from models.baselines.layers import linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.training import OnEpoch


@dataclass(frozen=True)
class TextTowersConfig(RivalConfig):
    """Settings, chosen on CiteULike's cold validation items.

    Attributes:
        hidden: Width of both towers' hidden layer; the paper: 2,048 for texts of 4,096 numbers.
        temperature: Divides cosines.
        negatives: Warm items drawn per step for all of its pairs; those that a user has seen count for the others
            alone. The paper: one a pair.
        learning_rate: AdamW's.
        weight_decay: AdamW's.
    """

    hidden: Count = 512
    temperature: Positive = 0.1
    negatives: Count = 1024
    learning_rate: Positive = 3e-4
    weight_decay: Weight = 0.0
    batch_size: Count = 2048
    epochs: Count = 100
    patience: Count | None = 5


class Tower(nn.Module):
    """The direction of a text plus what linear, ReLU, linear make of it; before training, that of the text.

    Args:
        width: Of texts, H.
        hidden: Of the layer between.
        generator: Draws the initial values.
    """

    def __init__(self, width: int, hidden: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.first = linear(width, hidden, start="xavier_uniform", generator=generator)
        self.second = linear(hidden, width, start="xavier_uniform", generator=generator)
        nn.init.zeros_(self.second.weight)

    def forward(self, texts: Tensor) -> Tensor:
        """Directions (n, H) of any texts (n, H); of a row of zeros, a user with nothing else read, too."""
        own = nn.functional.normalize(texts, dim=1)
        return nn.functional.normalize(own + self.second(nn.functional.relu(self.first(own))), dim=1)


class TextTowers(RivalModel):
    """Two towers whose cosine says whether this user reads this item.

    Args:
        data: Training set; of it the pairs and the text vectors.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: TextTowersConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.temperature = config.temperature
        users, items = torch.from_numpy(data.train).unbind(dim=1)
        h = self.texts.shape[1]
        self.sums = torch.zeros(data.n_users, h).index_add_(0, users, self.texts[items])  # (U, H)
        self.user_tower = Tower(h, config.hidden, generator=generator)
        self.item_tower = Tower(h, config.hidden, generator=generator)

    def loss(self, batch: Contest) -> Tensor:
        """Mean of -ln of the seen item's share of exp(cosine / temperature) among unseen ones, nats.

        The text of a seen item is taken out of its reader's mean: with it, the towers would learn to find a
        text inside a mean.
        """
        seen = self.warm_texts[batch.seen]  # (B, H)
        users = self.user_tower(self.sums[batch.users] - seen) / self.temperature
        right, wrong = self.item_tower(seen), self.item_tower(self.warm_texts[batch.drawn])
        return batch.first((users * right).sum(dim=1), users @ wrong.T).mean()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Of all users and of all items, warm and cold."""
        return self.user_tower(self.sums), self.item_tower(self.texts)


def fit(
    data: RivalInput, *, config: TextTowersConfig = TextTowersConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train both towers.

    Args:
        data: Training set; its collaborative vectors are not read.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, H) and items (I, H) of length one.

    Source: ColdLLM, arXiv 2402.09176 (WSDM 2025), the filter's text-based tower. Differences, each to its good
        (``docs/tuning.md``): the text itself is added to what its tower makes of it; many wrong items stand against
        a right one, by softmax, in place of one by cross-entropy; the target is left out of the user's mean; the
        best epoch is that of cold validation items, not of held-out pairs.
    """
    model = TextTowers(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = contest_batches(data, config.batch_size, drawn=config.negatives, generator=draws)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
