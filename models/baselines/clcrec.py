"""CLCRec: contrastive learning ties an item's text to its own vector and to its users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.config_checks import check_settings
from models.baselines.factors import Factors
from models.baselines.layers import linear, start_weights
from models.baselines.rival import RivalInput
from models.baselines.rival_training import train_rival
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import WarmPairs, shuffled_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class ClcRecConfig:
    """Settings; defaults are the authors' for MovieLens.

    Attributes:
        d: Numbers per vector, >= 1.
        hidden: Width inside the text encoder, >= 1.
        negatives: K, unseen warm items per pair, >= 1.
        temperature: Divides the products of a user with items, which have no bound, > 0.
        text_temperature: Divides the cosines of an item with texts, > 0.
        text_weight: Share of the item-against-text loss, in [0, 1].
        replaced: Share of items shown to users by their text, in [0, 1].
        norm_weight: Weight of half the mean norms of users and items, >= 0.
        learning_rate: Adam's, > 0.
        batch_size: Pairs per step, >= 1.
        epochs: At most, >= 1.
        patience: Epochs without improvement that end the training, >= 1. None: never.

    Raises:
        ValueError: If a value is out of its range.
    """

    d: int = 64
    hidden: int = 256
    negatives: int = 128
    temperature: float = 2.0
    text_temperature: float = 2.0
    text_weight: float = 0.5
    replaced: float = 0.5
    norm_weight: float = 0.1
    learning_rate: float = 1e-3
    batch_size: int = 256
    epochs: int = 1000
    patience: int | None = 10

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=["d", "hidden", "negatives", "batch_size", "epochs", "patience"],
            positive=["temperature", "text_temperature", "learning_rate"],
            weights=["norm_weight"],
            shares=["text_weight", "replaced"],
        )

    @classmethod
    def tuned(cls) -> ClcRecConfig:
        """Larger steps and a sharper contrast with texts, for CiteULike on a CPU."""
        return cls(batch_size=2048, learning_rate=3e-3, text_temperature=0.2, norm_weight=0.01)


@dataclass(frozen=True)
class Groups:
    """A batch: users (B,); items (B, 1 + K) by position, the seen one first; shown by text (B, 1 + K) bool."""

    users: Tensor
    items: Tensor
    by_text: Tensor


def first_of_group(scores: Tensor) -> Tensor:
    """Mean of -ln of the first column's share of exp(scores), scores (B, 1 + K); scalar, nats."""
    return -scores.log_softmax(dim=1)[:, 0].mean()


class ClcRec(nn.Module):
    """Tables of users and warm items, and an encoder of texts into their space.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: ClcRecConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.warm_items = data.warm_items
        self.texts = torch.from_numpy(text_directions(data.features, data.warm_items))  # (I, H)
        self.warm_texts = self.texts[torch.from_numpy(data.warm_items)]  # (W, H)
        self.user_rows = nn.Parameter(torch.empty(data.n_users, config.d))
        self.item_rows = nn.Parameter(torch.empty(len(data.warm_items), config.d))
        for rows in (self.user_rows, self.item_rows):
            start_weights(rows, start="xavier_normal", generator=generator)
        self.encoder = nn.Sequential(
            linear(self.texts.shape[1], config.hidden, start="xavier_uniform", generator=generator),
            nn.LeakyReLU(),
            linear(config.hidden, config.d, start="xavier_uniform", generator=generator),
        )

    def loss(self, batch: Groups) -> Tensor:
        """Both contrasts, weighted, and the norms."""
        config = self.config
        encoded = self.encoder(self.warm_texts)  # (W, d)
        users = self.user_rows[batch.users]  # (B, d)
        items = self.item_rows[batch.items]  # (B, 1 + K, d)
        texts = encoded[batch.items]  # (B, 1 + K, d)
        shown = torch.where(batch.by_text[..., None], texts, items)
        own = nn.functional.normalize(items[:, 0], dim=1)
        directions = nn.functional.normalize(texts, dim=2)
        to_text = first_of_group(torch.einsum("bd,bkd->bk", own, directions) / config.text_temperature)
        to_item = first_of_group(torch.einsum("bd,bkd->bk", users, shown) / config.temperature)
        norms = (users.norm(dim=1).mean() + items.norm(dim=2).mean()) / 2
        contrast = config.text_weight * to_text + (1 - config.text_weight) * to_item
        return contrast + config.norm_weight * norms

    def factors(self) -> Factors:
        """Users and warm items by their tables, other items by their texts."""
        items = self.encoder(self.texts).detach().numpy().copy()
        items[self.warm_items] = self.item_rows.detach().numpy()
        return Factors(users=self.user_rows.detach().numpy().copy(), items=items)


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
    warm = WarmPairs.of(data)

    def batches(epoch: int) -> Iterator[Groups]:
        for rows in shuffled_batches(len(warm.pairs), config.batch_size, generator=draws):
            users, seen = warm.pairs[rows, 0], warm.pairs[rows, 1]
            unseen = warm.of_users.unseen(
                np.repeat(users[:, None], config.negatives, axis=1), generator=draws
            )
            items = np.concatenate((seen[:, None], unseen), axis=1)
            by_text = draws.random(items.shape) < config.replaced
            yield Groups(torch.from_numpy(users), torch.from_numpy(items), torch.from_numpy(by_text))

    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    train_rival(
        model,
        batches,
        optimizer,
        data=data,
        epochs=config.epochs,
        patience=config.patience,
        on_epoch=on_epoch,
    )
    return model.factors()
