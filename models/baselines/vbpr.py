"""VBPR: matrix factorisation by BPR, with a second inner product of the user and a map of the content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.factors import Factors
from models.baselines.joint_optimizer import JointOptimizer
from models.baselines.layers import start_weights
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import Triples, triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class VbprConfig(RivalConfig):
    """Settings; widths are the paper's, the optimizers those of later implementations.

    Attributes:
        start: Initial values of the users' and items' own vectors: drawn, or the given collaborative ones.
        d: Numbers per own vector; with given vectors their width counts.
        content_d: Numbers per content vector.
        id_dropout: Share of triples that are ranked by content alone in training; the paper: 0.
        l2: Weight of the squared entries of a triple's rows, summed over the batch.
        content_l2: Weight of the squared entries of the content's maps, once a step.
        table_rate: Adagrad's learning rate of all vectors and of the items' biases.
        content_rate: Adam's learning rate of the content's maps.
        batch_size: Triples per step; the loss is a sum over the batch.
    """

    start: Literal["drawn", "collaborative"] = "drawn"
    d: Count = 20
    content_d: Count = 20
    id_dropout: Share = 0.0
    l2: Weight = 0.01
    content_l2: Weight = 0.01
    table_rate: Positive = 0.05
    content_rate: Positive = 0.05
    batch_size: Count = 4096
    epochs: Count = 200

    @classmethod
    def tuned(cls) -> Self:
        """What cold validation on CiteULike preferred among a few: wide content, learned half without ids."""
        return cls(d=64, content_d=128, id_dropout=0.5, content_rate=0.01, epochs=1000)


class Vbpr(RivalModel):
    """score(u, i) = p_u.q_i + r_u.(E c_i) + b_i + b'.c_i; for an item without training q_i and b_i are 0.

    The paper's offset and user bias do not change a user's ranking and are left out.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values and which triples lose their own vectors.
    """

    def __init__(self, data: RivalInput, config: VbprConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        self.generator = generator
        d = config.d if config.start == "drawn" else self.users.shape[1]
        width = self.texts.shape[1]
        self.user_rows = nn.Parameter(torch.empty(data.n_users, d))
        self.item_rows = nn.Parameter(torch.empty(len(data.warm_items), d))
        self.user_content = nn.Parameter(torch.empty(data.n_users, config.content_d))
        self.content_map = nn.Parameter(torch.empty(width, config.content_d))
        self.item_bias = nn.Parameter(torch.zeros(len(data.warm_items)))
        self.content_bias = nn.Parameter(torch.zeros(width))
        for rows in (self.user_rows, self.item_rows, self.user_content, self.content_map):
            start_weights(rows, start="xavier_uniform", generator=generator)
        if config.start == "collaborative":
            with torch.no_grad():
                self.user_rows.copy_(self.users)
                self.item_rows.copy_(self.items)

    def margin(self, batch: Triples, seen: Tensor, unseen: Tensor, *, kept: Tensor | float = 1.0) -> Tensor:
        """By how much the seen item leads.

        Args:
            batch: Triples.
            seen: Content of the seen items, shape (B, H).
            unseen: Content of the unseen items, shape (B, H).
            kept: Factor of the items' own part, shape (B,) or one for all.

        Returns:
            Differences of scores, shape (B,).
        """
        gap = seen - unseen  # (B, H): scores are linear in the content
        own = self.user_rows[batch.users] * (
            self.item_rows[batch.positives] - self.item_rows[batch.negatives]
        )
        bias = self.item_bias[batch.positives] - self.item_bias[batch.negatives]
        content = (self.user_content[batch.users] * (gap @ self.content_map)).sum(dim=1)
        return kept * (own.sum(dim=1) + bias) + content + gap @ self.content_bias

    def loss(self, batch: Triples) -> Tensor:
        """BPR summed over the batch, plus the squared entries of what took part."""
        seen, unseen = self.warm_texts[batch.positives], self.warm_texts[batch.negatives]
        margin = self.margin(batch, seen, unseen, kept=self.drawn_kept(len(batch.users)))
        return nn.functional.softplus(-margin).sum() + self.penalty(batch)

    def drawn_kept(self, n: int) -> Tensor:
        """One for a triple that keeps its own vectors, zero for another, shape (n,)."""
        if self.config.id_dropout == 0:
            return torch.ones(n)
        return (torch.rand(n, generator=self.generator) >= self.config.id_dropout).float()

    def penalty(self, batch: Triples) -> Tensor:
        """Weighted squared entries of the batch's rows and of the content's maps, scalar."""
        rows = [self.user_rows[batch.users], self.user_content[batch.users]]
        for items in (batch.positives, batch.negatives):
            rows += [self.item_rows[items], self.item_bias[items]]
        squares = torch.stack([part.square().sum() for part in rows]).sum()
        maps = self.content_map.square().sum() + self.content_bias.square().sum()
        return self.config.l2 * squares + self.config.content_l2 * maps

    def optimizer(self) -> JointOptimizer:
        """Adagrad for tables, Adam for the content's maps."""
        tables = [self.user_rows, self.item_rows, self.user_content, self.item_bias]
        maps = [self.content_map, self.content_bias]
        return JointOptimizer(
            torch.optim.Adagrad(tables, lr=self.config.table_rate),
            torch.optim.Adam(maps, lr=self.config.content_rate),
        )

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Own part, content part and bias side by side; the own part of other items is zero."""
        own = torch.zeros(len(self.texts), self.item_rows.shape[1])
        own[self.warm] = self.item_rows
        bias = self.texts @ self.content_bias  # (I,)
        bias[self.warm] += self.item_bias
        items = torch.cat((own, self.texts @ self.content_map, bias[:, None]), dim=1)
        ones = torch.ones(len(self.user_rows), 1)
        return torch.cat((self.user_rows, self.user_content, ones), dim=1), items


def fit(data: RivalInput, *, config: VbprConfig = VbprConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train VBPR.

    Args:
        data: Training set; its collaborative vectors count only if the settings start from them.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users and items (., d + content_d + 1); the last coordinate is the item's bias.

    Source: He and McAuley, "VBPR" (AAAI 2016, arXiv:1510.01784), equations 3 to 6.
    """
    model = trained(data, config=config, on_epoch=on_epoch)
    return model.factors()


def trained(data: RivalInput, *, config: VbprConfig, on_epoch: OnEpoch | None) -> Vbpr:
    """The trained model, for methods that go on from it."""
    model = Vbpr(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = triple_batches(data, config.batch_size, generator=draws)
    train_rival(model, batches, model.optimizer(), data=data, config=config, on_epoch=on_epoch)
    return model
