"""MTPR: pairwise ranking with and without the item's own vector, in all four combinations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.factors import Factors
from models.baselines.joint_optimizer import JointOptimizer
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import Triples, triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class MtprConfig(RivalConfig):
    """Settings; rates and weights are those of a public implementation, the width is ours.

    Attributes:
        d: Numbers per item vector, own or of content; users have twice as many.
        start_deviation: Of all initial values. The score is a product of three maps and a table, so that small
            values learn late; .01 is the authors'.
        table_l2: Weight of the squared entries of the batch's user and item rows.
        map_l2: Weight of the squared entries of the content's and the users' map.
        item_map_l2: Weight of the squared entries of the items' map.
        table_rate: Adagrad's learning rate of users and items.
        map_rate: Adam's learning rate of the content's and the users' map.
        item_map_rate: Adam's learning rate of the items' map.
        batch_size: Triples per step; the loss is a sum over the batch.
    """

    d: Count = 64
    start_deviation: Positive = 0.01
    table_l2: Weight = 0.0
    map_l2: Weight = 0.01
    item_map_l2: Weight = 0.01
    table_rate: Positive = 0.05
    map_rate: Positive = 0.05
    item_map_rate: Positive = 0.05
    batch_size: Count = 4096
    epochs: Count = 100

    @classmethod
    def tuned(cls) -> MtprConfig:
        """Larger first values and shorter steps of the maps, chosen on CiteULike's cold validation items."""
        return cls(
            d=128,
            start_deviation=0.1,
            table_l2=0.05,
            map_rate=0.005,
            item_map_rate=0.005,
            batch_size=2048,
            epochs=1000,
        )


class Mtpr(RivalModel):
    """score = (T_U P_u) . (T_I [Q_i ; W c_i]); the cold view of an item has zeros in place of Q_i.

    Args:
        data: Training set; its collaborative vectors are not used.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: MtprConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        d = config.d
        self.user_rows = nn.Parameter(torch.empty(data.n_users, 2 * d))
        self.item_rows = nn.Parameter(torch.empty(len(data.warm_items), d))
        self.content_map = nn.Parameter(torch.empty(self.texts.shape[1], d))
        self.user_map = nn.Parameter(torch.empty(2 * d, d))
        self.item_map = nn.Parameter(torch.empty(2 * d, d))
        for rows in self.parameters():
            nn.init.normal_(rows, std=config.start_deviation, generator=generator)

    def views(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Normal and cold view of warm items, by position (B,): vectors (B, d) each."""
        # the map is linear, so the own half and the content's half may be mapped apart
        own_map, content_map = self.item_map.chunk(2)  # (d, d) each
        cold = self.warm_texts[items] @ self.content_map @ content_map
        return self.item_rows[items] @ own_map + cold, cold

    def loss(self, batch: Triples) -> Tensor:
        """BPR between every view of the seen and every view of the unseen item, summed, and the penalty."""
        users = self.user_rows[batch.users] @ self.user_map  # (B, d)
        seen = [(users * view).sum(dim=1) for view in self.views(batch.positives)]
        unseen = [(users * view).sum(dim=1) for view in self.views(batch.negatives)]
        tasks = [nn.functional.softplus(low - high).sum() for high in seen for low in unseen]
        return torch.stack(tasks).sum() + self.penalty(batch)

    def penalty(self, batch: Triples) -> Tensor:
        """Weighted squared entries of the batch's rows and of the maps, scalar."""
        config = self.config
        rows = torch.stack(
            [
                self.user_rows[batch.users].square().sum(),
                self.item_rows[batch.positives].square().sum(),
                self.item_rows[batch.negatives].square().sum(),
            ]
        ).sum()
        maps = self.content_map.square().sum() + self.user_map.square().sum()
        return (
            config.table_l2 * rows + config.map_l2 * maps + config.item_map_l2 * self.item_map.square().sum()
        )

    def optimizer(self) -> JointOptimizer:
        """Adagrad for tables, Adam for the first maps, another for the items' map."""
        config = self.config
        return JointOptimizer(
            torch.optim.Adagrad([self.user_rows, self.item_rows], lr=config.table_rate),
            torch.optim.Adam([self.content_map, self.user_map], lr=config.map_rate),
            torch.optim.Adam([self.item_map], lr=config.item_map_rate),
        )

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Warm items in the normal view, all others in the cold one."""
        own_map, content_map = self.item_map.chunk(2)
        items = self.texts @ self.content_map @ content_map  # (I, d)
        items[self.warm] += self.item_rows @ own_map
        return self.user_rows @ self.user_map, items


def fit(data: RivalInput, *, config: MtprConfig = MtprConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train MTPR from text and pairs alone.

    Args:
        data: Training set.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, d) and items (I, d).

    Source: Du et al., "How to Learn Item Representation for Cold-Start Multimedia Recommendation?" (MM 2020):
        normal and counterfactual representations and the four ranking tasks between them.
    """
    model = Mtpr(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = triple_batches(data, config.batch_size, generator=draws)
    return train_rival(model, batches, model.optimizer(), data=data, config=config, on_epoch=on_epoch)
