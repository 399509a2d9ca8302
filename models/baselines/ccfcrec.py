"""CCFCRec: a vector made from content is drawn towards the items that its users also chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.contests import Contest, contest_batches
from models.baselines.factors import Factors
from models.baselines.layers import linear, start_weights
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import WarmPairs
from models.training import OnEpoch


@dataclass(frozen=True)
class CcfcRecConfig(RivalConfig):
    """Settings; defaults are the authors' for MovieLens-20M, two hundred times as many pairs as CiteULike.

    Attributes:
        d: Numbers per vector, also of an attribute and inside the generator.
        content: How attributes are joined: weighted by attention and by the size of their value, or by a
            plain linear map, which suits sentence embeddings.
        positives: Items of the same user per pair.
        negatives: Items drawn per step against all of them and against the pair's own item; those that the
            user has seen count for the others alone.
        temperature: Divides cosines.
        contrast_weight: Share of the contrasts, against the ranking of users.
        rank_items: Whether items are ranked for each user too, which the paper leaves out: its ranking
            orders users for an item.
        learning_rate: Adam's; the loss is a sum over the batch.
        weight_decay: Adam's, added to the gradient.
    """

    d: Count = 128
    content: Literal["attention", "linear"] = "attention"
    positives: Count = 10
    negatives: Count = 40
    temperature: Positive = 0.1
    contrast_weight: Share = 0.5
    rank_items: bool = False
    learning_rate: Positive = 5e-6
    weight_decay: Weight = 0.1
    epochs: Count = 10
    patience: Count | None = None

    @classmethod
    def tuned(cls) -> CcfcRecConfig:
        """For CiteULike, whose few steps leave the authors' rate almost where it began."""
        return cls(
            d=200,
            content="linear",
            positives=5,
            negatives=512,
            contrast_weight=0.6,
            rank_items=True,
            learning_rate=0.003,
            weight_decay=0.0,
            batch_size=2048,
            epochs=60,
            patience=10,
        )


@dataclass(frozen=True)
class Company:
    """A batch of pairs with the items and users they are compared with; items by position, all int64.

    Attributes:
        contest: Pairs and the items drawn against them.
        strangers: Users who have not chosen the item, shape (B,).
        fellows: Items of the same user, shape (B, P).
        unseen: An item that the user has not chosen, shape (B,).
    """

    contest: Contest
    strangers: Tensor
    fellows: Tensor
    unseen: Tensor


class CcfcRec(RivalModel):
    """Attributes with attention, a generator of vectors, and tables of users and warm items.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: CcfcRecConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
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
        made = self.made(self.warm_texts[batch.contest.seen])  # (B, d)
        share = self.config.contrast_weight
        return share * self.contrast(made, batch) + (1 - share) * self.ranking(made, batch)

    def contrast(self, made: Tensor, batch: Company) -> Tensor:
        """Made vectors against the table: fellows, and the item itself, among unseen items; sum over B."""
        contest = batch.contest
        made = nn.functional.normalize(made, dim=1) / self.config.temperature
        known = torch.cat((contest.seen[:, None], batch.fellows), dim=1)  # (B, 1 + P)
        known_rows = nn.functional.normalize(self.item_rows[known], dim=2)
        drawn = nn.functional.normalize(self.item_rows[contest.drawn], dim=1)
        company = contest.first(torch.einsum("bd,bpd->bp", made, known_rows), made @ drawn.T)  # (B, 1 + P)
        return company[:, 0].sum() + company[:, 1:].mean(dim=1).sum()

    def ranking(self, made: Tensor, batch: Company) -> Tensor:
        """The pair's user before a stranger, by the item's own vector and by the made one; sum over B."""
        users = self.user_rows[batch.contest.users]
        against = users - self.user_rows[batch.strangers]
        own = self.item_rows[batch.contest.seen]
        margins = [(own * against).sum(dim=1), (made * against).sum(dim=1)]
        if self.config.rank_items:
            margins.append((users * (own - self.item_rows[batch.unseen])).sum(dim=1))
            margins.append((users * (made - self.made(self.warm_texts[batch.unseen]))).sum(dim=1))
        return nn.functional.softplus(-torch.stack(margins)).sum()

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Warm items by the table, cold ones made from their texts."""
        items = self.made(self.texts)
        items[self.warm] = self.item_rows
        return self.user_rows, items


def company_batches(
    data: RivalInput, config: CcfcRecConfig, *, draws: np.random.Generator
) -> Callable[[int], Iterator[Company]]:
    """Epochs of training pairs, each once, with new company."""
    warm = WarmPairs.of(data)
    contests = contest_batches(data, config.batch_size, drawn=config.negatives, generator=draws)

    def batches(epoch: int) -> Iterator[Company]:
        for contest in contests(epoch):
            users, items = contest.users.numpy(), contest.seen.numpy()
            asked = np.repeat(users[:, None], config.positives, axis=1)
            columns = (
                warm.of_items.unseen(items, generator=draws),
                warm.of_users.seen(asked, generator=draws),
                warm.of_users.unseen(users, generator=draws),
            )
            yield Company(contest, *(torch.from_numpy(column) for column in columns))

    return batches


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
    batches = company_batches(data, config, draws=np.random.default_rng(data.seed))
    optimizer = torch.optim.Adam(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
