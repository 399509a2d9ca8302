"""ALDI: students of text and user vector learn from the collaborative teacher's scores, ranks and items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Matrix
from models.baselines.config_checks import check_settings
from models.baselines.factors import Factors
from models.baselines.layers import half_squared_weights, linear
from models.baselines.rival import RivalInput
from models.baselines.rival_training import train_rival
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import TripleBatches, Triples, WarmPairs
from models.training import OnEpoch


@dataclass(frozen=True)
class AldiConfig:
    """Settings; defaults are the authors', whose first data set is CiteULike.

    Attributes:
        hidden: Width of both students' hidden layer, >= 1.
        ranking_weight: Alpha, >= 0.
        identification_weight: Beta, >= 0.
        rating_weight: Gamma, >= 0.
        l2: Weight of half the squared entries of the students' maps, >= 0.
        weigh_items: Whether items count by how sure the teacher can be of them.
        surest: M, where an average item's confidence stands before the hyperbolic tangent and the greatest
            value before it, > 0.
        learning_rate: Adam's, > 0.
        batch_size: Pairs per step, >= 2.
        epochs: At most, >= 1.
        patience: Epochs without improvement that end the training, >= 1. None: never.

    Raises:
        ValueError: If a value is out of its range.
    """

    hidden: int = 200
    ranking_weight: float = 0.9
    identification_weight: float = 0.05
    rating_weight: float = 0.1
    l2: float = 1e-4
    weigh_items: bool = False
    surest: float = 4.0
    learning_rate: float = 1e-3
    batch_size: int = 1024
    epochs: int = 1000
    patience: int | None = 10

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=["hidden", "batch_size", "epochs", "patience"],
            positive=["surest", "learning_rate"],
            weights=["ranking_weight", "identification_weight", "rating_weight", "l2"],
        )


class Aldi(nn.Module):
    """Two students; the teacher's vectors are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: AldiConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.users = torch.from_numpy(data.user_vectors.astype(np.float32, copy=False))  # (U, D)
        self.items = torch.from_numpy(data.warm_vectors.astype(np.float32, copy=False))  # (W, D)
        self.texts = torch.from_numpy(text_directions(data.features, data.warm_items))  # (I, H)
        self.warm = torch.from_numpy(data.warm_items)
        self.warm_texts = self.texts[self.warm]
        confidence = item_confidence(data, config.surest)
        self.item_weights = torch.from_numpy(confidence if config.weigh_items else np.ones_like(confidence))
        d = self.users.shape[1]
        self.user_student = student(d, d, config, generator=generator)
        self.item_student = student(self.texts.shape[1], d, config, generator=generator)

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

    def factors(self) -> Factors:
        """The teacher's half scores warm items, the students' half cold ones; the other half is zero."""
        with torch.no_grad():
            users = torch.cat((self.users, self.user_student(self.users)), dim=1)  # (U, 2 D)
            d = self.users.shape[1]
            items = torch.cat((torch.zeros(len(self.texts), d), self.item_student(self.texts)), dim=1)
            items[self.warm] = torch.cat((self.items, torch.zeros_like(self.items)), dim=1)
        return Factors(users=users.numpy(), items=items.numpy())


def student(n_in: int, n_out: int, config: AldiConfig, *, generator: torch.Generator) -> nn.Sequential:
    """Linear, batch norm, tanh, linear."""
    return nn.Sequential(
        linear(n_in, config.hidden, start="truncated_normal", generator=generator),
        nn.BatchNorm1d(config.hidden),
        nn.Tanh(),
        linear(config.hidden, n_out, start="truncated_normal", generator=generator),
    )


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
    batches = TripleBatches(WarmPairs.of(data), batch_size=config.batch_size, generator=draws)
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
