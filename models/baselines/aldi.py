"""ALDI: students of text and user vector learn from the collaborative teacher's scores, ranks and items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Matrix
from models.baselines.factors import Factors
from models.baselines.layers import half_squared_weights, tower
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import Triples, triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class AldiConfig(RivalConfig):
    """Settings; defaults are the authors', whose first data set is CiteULike.

    Attributes:
        hidden: Width of both students' hidden layer.
        ranking_weight: Alpha.
        identification_weight: Beta.
        rating_weight: Gamma.
        l2: Weight of half the squared entries of the students' maps.
        weigh_items: Whether items count by how sure the teacher can be of them.
        surest: M, where an average item's confidence stands before the hyperbolic tangent and the greatest
            value before it.
        learning_rate: Adam's.
    """

    hidden: Count = 200
    ranking_weight: Weight = 0.9
    identification_weight: Weight = 0.05
    rating_weight: Weight = 0.1
    l2: Weight = 1e-4
    weigh_items: bool = False
    surest: Positive = 4.0
    learning_rate: Positive = 1e-3

    @classmethod
    def tuned(cls) -> AldiConfig:
        """Shorter steps, chosen on CiteULike's cold validation items."""
        return cls(learning_rate=3e-4, epochs=60)


class Aldi(RivalModel):
    """Two students; the teacher's vectors are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: AldiConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        confidence = item_confidence(data, config.surest)
        self.item_weights = torch.from_numpy(confidence if config.weigh_items else np.ones_like(confidence))
        d = self.users.shape[1]
        self.user_student = tower(d, config.hidden, d, generator=generator)
        self.item_student = tower(self.texts.shape[1], config.hidden, d, generator=generator)

    def loss(self, batch: Triples) -> Tensor:
        """The students' own ranking loss, three lessons of the teacher, and the maps' size."""
        config = self.config
        users = self.user_student(self.users[batch.users])
        texts = torch.cat((self.warm_texts[batch.positives], self.warm_texts[batch.negatives]))
        seen, unseen = self.item_student(texts).chunk(2)  # (B, D) each
        taught_users = self.users[batch.users]
        taught_seen, taught_unseen = self.items[batch.positives], self.items[batch.negatives]
        score, other = (users * seen).sum(dim=1), (users * unseen).sum(dim=1)
        taught = (taught_users * taught_seen).sum(dim=1)
        taught_other = (taught_users * taught_unseen).sum(dim=1)
        weights = self.item_weights[batch.positives]
        own = nn.functional.softplus(other - score).mean()
        rating = ((taught - score).abs() + (taught_other - other).abs()).mean()
        ranking = weighted_entropy(score - other, taught - taught_other, weights)
        identity = weighted_entropy(
            self_likeness(seen, unseen), self_likeness(taught_seen, taught_unseen), weights
        )
        lessons = config.rating_weight * rating + config.ranking_weight * ranking
        lessons = lessons + config.identification_weight * identity
        return own + lessons + config.l2 * half_squared_weights(self)

    def vectors(self) -> tuple[Tensor, Tensor]:
        """The teacher's half scores warm items, the students' half cold ones; the other half is zero."""
        users = torch.cat((self.users, self.user_student(self.users)), dim=1)  # (U, 2 D)
        items = torch.cat(
            (torch.zeros(len(self.texts), self.users.shape[1]), self.item_student(self.texts)), dim=1
        )
        items[self.warm] = torch.cat((self.items, torch.zeros_like(self.items)), dim=1)
        return users, items


def weighted_entropy(logits: Tensor, taught: Tensor, weights: Tensor) -> Tensor:
    """Mean of weight times cross-entropy of sigmoid(logits) under sigmoid(taught), all (B,); scalar, nats."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, taught.sigmoid(), reduction="none")
    return (weights * entropy).mean()


def self_likeness(rows: Tensor, others: Tensor) -> Tensor:
    """Product of each row with itself less its mean product with the others, rows (B, D), shape (B,)."""
    return (rows * (rows - others.mean(dim=0))).sum(dim=1)


def item_confidence(data: RivalInput, surest: float) -> Matrix:
    """How sure the teacher can be of each warm item, in (0, tanh(surest)], shape (W,), float32.

    An item gains one part in n from each of its users with n items; the mean over items stands at ``surest``.
    """
    positions = np.searchsorted(data.warm_items, data.train[:, 1])
    degrees = np.bincount(data.train[:, 0], minlength=data.n_users)
    mass = np.bincount(positions, weights=1 / degrees[data.train[:, 0]], minlength=len(data.warm_items))
    confidence: Matrix = np.tanh(np.minimum(surest * mass / mass.mean(), surest)).astype(np.float32)
    return confidence


def fit(data: RivalInput, *, config: AldiConfig = AldiConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train the students on the given collaborative vectors.

    Args:
        data: Training set and vectors; the paper's are of BPR.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, 2 D) and items (I, 2 D): warm scores are the teacher's, cold ones the students'.

    Source: Huang et al., "Aligning Distillation For Cold-Start Item Recommendation" (SIGIR 2023), section 3;
        layers and weights from the authors' code.
    """
    model = Aldi(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    batches = triple_batches(data, config.batch_size, generator=draws)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
