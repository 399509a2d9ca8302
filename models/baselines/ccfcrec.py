"""CCFCRec: a vector made from content is drawn towards the items that its users also chose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

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
class CcfcRecConfig:
    """Settings; defaults are the authors' for MovieLens-20M, two hundred times as many pairs as CiteULike.

    Attributes:
        d: Numbers per vector, also of an attribute and inside the generator, >= 1.
        content: How attributes are joined: weighted by attention and by the size of their value, or by a
            plain linear map, which suits sentence embeddings.
        positives: Items of the same user per pair, >= 1.
        negatives: Unseen items against each of them, >= 1.
        own_negatives: Unseen items against the pair's own item, >= 1.
        temperature: Divides cosines, > 0.
        contrast_weight: Share of the contrasts, against the ranking of users, in [0, 1].
        rank_items: Whether items are ranked for each user too, which the paper leaves out: its ranking
            orders users for an item.
        learning_rate: Adam's, > 0; the loss is a sum over the batch.
        weight_decay: Adam's, added to the gradient, >= 0.
        batch_size: Pairs per step, >= 1.
        epochs: At most, >= 1.
        patience: Epochs without improvement that end the training, >= 1. None: never.

    Raises:
        ValueError: If a value is out of its range.
    """

    d: int = 128
    content: Literal["attention", "linear"] = "attention"
    positives: int = 10
    negatives: int = 40
    own_negatives: int = 40
    temperature: float = 0.1
    contrast_weight: float = 0.5
    rank_items: bool = False
    learning_rate: float = 5e-6
    weight_decay: float = 0.1
    batch_size: int = 1024
    epochs: int = 10
    patience: int | None = None

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=[
                *("d", "positives", "negatives", "own_negatives", "batch_size", "epochs", "patience"),
            ],
            positive=["temperature", "learning_rate"],
            weights=["weight_decay"],
            shares=["contrast_weight"],
        )
        if self.content not in ("attention", "linear"):
            raise ValueError(f"content must be 'attention' or 'linear', got {self.content!r}")

    @classmethod
    def tuned(cls) -> CcfcRecConfig:
        """For CiteULike, whose few steps leave the authors' rate almost where it began."""
        return cls(
            d=64,
            content="linear",
            positives=5,
            contrast_weight=0.6,
            rank_items=True,
            learning_rate=1e-3,
            weight_decay=0.0,
            epochs=100,
            patience=10,
        )


@dataclass(frozen=True)
class Company:
    """A batch of pairs with the items and users they are compared with; items by position, all int64.

    Attributes:
        users: Shape (B,).
        items: Shape (B,).
        strangers: Users who have not chosen the item, shape (B,).
        fellows: Items of the same user, shape (B, P).
        others: Unseen items against each fellow, shape (B, P, N).
        own_others: Unseen items against the item itself, shape (B, S).
    """

    users: Tensor
    items: Tensor
    strangers: Tensor
    fellows: Tensor
    others: Tensor
    own_others: Tensor


class CcfcRec(nn.Module):
    """Attributes with attention, a generator of vectors, and tables of users and warm items.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: CcfcRecConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.warm_items = data.warm_items
        self.texts = torch.from_numpy(text_directions(data.features, data.warm_items))  # (I, H)
        self.warm_texts = self.texts[torch.from_numpy(data.warm_items)]
        d = config.d
        self.attributes = nn.Parameter(torch.empty(self.texts.shape[1], d))
        self.user_rows = nn.Parameter(torch.empty(data.n_users, d))
        self.item_rows = nn.Parameter(torch.empty(len(data.warm_items), d))
        for rows in (self.attributes, self.user_rows, self.item_rows):
            start_weights(rows, start="xavier_normal", generator=generator)
        self.attention = nn.Sequential(
            linear(d, d, start="xavier_normal", generator=generator),
            linear(d, 1, start="xavier_normal", generator=generator, bias=False),
        )
        self.generator = nn.Sequential(
            linear(d, d, start="xavier_normal", generator=generator),
            nn.LeakyReLU(),
            linear(d, d, start="xavier_normal", generator=generator),
        )

    def made(self, texts: Tensor) -> Tensor:
        """Vectors (n, d) from texts (n, H)."""
        if self.config.content == "attention":
            heed = self.attention(self.attributes)[:, 0]  # (H,)
            share = (heed + texts.abs().clamp_min(1e-12).log()).softmax(dim=1)  # (n, H)
            texts = share * texts
        vectors: Tensor = self.generator(texts @ self.attributes)
        return vectors

    def loss(self, batch: Company) -> Tensor:
        """Contrasts and rankings, summed over the batch."""
        made = self.made(self.warm_texts[batch.items])  # (B, d)
        share = self.config.contrast_weight
        return share * self.contrast(made, batch) + (1 - share) * self.ranking(made, batch)

    def contrast(self, made: Tensor, batch: Company) -> Tensor:
        """Made vectors against the table: fellows, and the item itself, among unseen items; sum over B."""
        table = nn.functional.normalize(self.item_rows, dim=1)
        cosine = nn.functional.normalize(made, dim=1) @ table.T / self.config.temperature  # (B, W)
        shape = batch.others.shape
        others = cosine.gather(1, batch.others.flatten(1)).view(shape)  # (B, P, N)
        fellows = cosine.gather(1, batch.fellows)[..., None]
        own = cosine.gather(1, torch.cat((batch.items[:, None], batch.own_others), dim=1))
        company = -torch.cat((fellows, others), dim=2).log_softmax(dim=2)[..., 0].mean(dim=1)  # (B,)
        return company.sum() - own.log_softmax(dim=1)[:, 0].sum()

    def ranking(self, made: Tensor, batch: Company) -> Tensor:
        """The pair's user before a stranger, by the item's own vector and by the made one; sum over B."""
        users = self.user_rows[batch.users]
        against = users - self.user_rows[batch.strangers]
        own = self.item_rows[batch.items]
        margins = [(own * against).sum(dim=1), (made * against).sum(dim=1)]
        if self.config.rank_items:
            unseen = batch.own_others[:, 0]
            margins.append((users * (own - self.item_rows[unseen])).sum(dim=1))
            margins.append((users * (made - self.made(self.warm_texts[unseen]))).sum(dim=1))
        return nn.functional.softplus(-torch.stack(margins)).sum()

    def factors(self) -> Factors:
        """Warm items by the table, cold ones made from their texts."""
        items = self.made(self.texts).detach().numpy().copy()
        items[self.warm_items] = self.item_rows.detach().numpy()
        return Factors(users=self.user_rows.detach().numpy().copy(), items=items)


class CompanyBatches:
    """Each call gives one epoch: every training pair once, with new company.

    Args:
        pairs: Training pairs.
        config: Settings.
        draws: Source of order and company.
    """

    def __init__(self, pairs: WarmPairs, config: CcfcRecConfig, *, draws: np.random.Generator) -> None:
        self._pairs, self._config, self._draws = pairs, config, draws

    def __call__(self, epoch: int) -> Iterator[Company]:
        """The batches of one epoch; its number does not matter, the generator goes on."""
        config, draws, pairs = self._config, self._draws, self._pairs.pairs
        of_users, of_items = self._pairs.of_users, self._pairs.of_items
        for rows in shuffled_batches(len(pairs), config.batch_size, generator=draws):
            users, items = pairs[rows, 0], pairs[rows, 1]
            fellows = np.broadcast_to(users[:, None], (len(rows), config.positives))
            others = np.broadcast_to(fellows[..., None], (*fellows.shape, config.negatives))
            own = np.broadcast_to(users[:, None], (len(rows), config.own_negatives))
            columns = (
                users,
                items,
                of_items.unseen(items, generator=draws),
                of_users.seen(fellows, generator=draws),
                of_users.unseen(others, generator=draws),
                of_users.unseen(own, generator=draws),
            )
            yield Company(*(torch.from_numpy(column) for column in columns))


def fit(
    data: RivalInput, *, config: CcfcRecConfig = CcfcRecConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train CCFCRec from text and pairs alone.

    Args:
        data: Training set.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, d) and items (I, d).

    Source: Zhou, Zhang and Yang, "Contrastive Collaborative Filtering for Cold-Start Item Recommendation"
        (WWW 2023, arXiv:2302.02151), section 3. Texts are dense, so an attribute is present by the size of its
        coordinate.
    """
    model = CcfcRec(data, config, generator=torch.Generator().manual_seed(data.seed))
    batches = CompanyBatches(WarmPairs.of(data), config, draws=np.random.default_rng(data.seed))
    optimizer = torch.optim.Adam(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
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
