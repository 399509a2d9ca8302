"""CLCRec: contrastive learning ties an item's text to its own vector and to its users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.contests import Shown, contest_batches, shown_batches
from models.baselines.factors import Factors
from models.baselines.layers import linear, start_weights
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.training import OnEpoch


@dataclass(frozen=True)
class ClcRecConfig(RivalConfig):
    """Settings; defaults are the authors' for MovieLens.

    Attributes:
        d: Numbers per vector.
        hidden: Width inside the text encoder.
        negatives: K, warm items drawn per step for all of its pairs; those that a user has seen count for
            the others alone.
        temperature: Divides the products of a user with items, which have no bound.
        text_temperature: Divides the cosines of an item with texts.
        text_weight: Share of the item-against-text loss.
        replaced: Share of items shown to users by their text.
        norm_weight: Weight of half the mean norms of users and items.
        learning_rate: Adam's.
    """

    d: Count = 64
    hidden: Count = 256
    negatives: Count = 128
    temperature: Positive = 2.0
    text_temperature: Positive = 2.0
    text_weight: Share = 0.5
    replaced: Share = 0.5
    norm_weight: Weight = 0.1
    learning_rate: Positive = 1e-3
    batch_size: Count = 256

    @classmethod
    def tuned(cls) -> ClcRecConfig:
        """Chosen on CiteULike's cold validation items."""
        return cls(
            d=200,
            learning_rate=0.001,
            batch_size=2048,
            negatives=512,
            text_temperature=0.2,
            norm_weight=0.01,
        )


class ClcRec(RivalModel):
    """Tables of users and warm items, and an encoder of texts into their space.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: ClcRecConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        self.user_rows = nn.Parameter(torch.empty(data.n_users, config.d))
        self.item_rows = nn.Parameter(torch.empty(len(data.warm_items), config.d))
        for rows in (self.user_rows, self.item_rows):
            start_weights(rows, start="xavier_normal", generator=generator)
        self.encoder = nn.Sequential(
            linear(self.texts.shape[1], config.hidden, start="xavier_uniform", generator=generator),
            nn.LeakyReLU(),
            linear(config.hidden, config.d, start="xavier_uniform", generator=generator),
        )

    def loss(self, batch: Shown) -> Tensor:
        """Both contrasts, weighted, and the norms."""
        config, contest = self.config, batch.contest
        users = self.user_rows[contest.users]  # (B, d)
        seen, drawn = self.item_rows[contest.seen], self.item_rows[contest.drawn]  # (B, d), (K, d)
        seen_text = self.encoder(self.warm_texts[contest.seen])
        drawn_text = self.encoder(self.warm_texts[contest.drawn])
        own, right, wrong = (nn.functional.normalize(rows, dim=1) for rows in (seen, seen_text, drawn_text))
        to_text = contest.first(
            (own * right).sum(dim=1) / config.text_temperature, own @ wrong.T / config.text_temperature
        )
        shown = torch.where(batch.seen_by_text[:, None], seen_text, seen)
        others = torch.where(batch.drawn_by_text[:, None], drawn_text, drawn)
        to_item = contest.first(
            (users * shown).sum(dim=1) / config.temperature, users @ others.T / config.temperature
        )
        norms = (users.norm(dim=1).mean() + torch.cat((seen, drawn)).norm(dim=1).mean()) / 2
        contrast = config.text_weight * to_text.mean() + (1 - config.text_weight) * to_item.mean()
        return contrast + config.norm_weight * norms

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Users and warm items by their tables, other items by their texts."""
        items = self.encoder(self.texts)
        items[self.warm] = self.item_rows
        return self.user_rows, items


def fit(
    data: RivalInput, *, config: ClcRecConfig = ClcRecConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train CLCRec from text and pairs alone.

    Args:
        data: Training set.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, d) and items (I, d).

    Source: Wei et al., "Contrastive Learning for Cold-Start Recommendation" (MM 2021, arXiv:2107.05315): item
        against text, user against item with text shown in its place at random; negatives are warm items that
        the user has not seen, as in the authors' code.
    """
    model = ClcRec(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    contests = contest_batches(data, config.batch_size, drawn=config.negatives, generator=draws)
    batches = shown_batches(contests, config.replaced, generator=draws)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
