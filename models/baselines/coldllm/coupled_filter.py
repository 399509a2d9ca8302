"""The coupled filter: scores from texts and scores from behaviour in one inner product."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from models.baselines.aldi import Aldi, AldiConfig
from models.baselines.array_types import Matrix
from models.baselines.coldllm import text_towers
from models.baselines.coldllm.text_towers import TextTowersConfig
from models.baselines.factors import Factors
from models.baselines.rival import RivalInput
from models.baselines.rival_training import train_rival
from models.baselines.warm_pairs import triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class FilterConfig:
    """Settings.

    Attributes:
        text: Of the text towers.
        behaviour: Of the students of text and user vector.
        behaviour_weights: What one deviation of behaviour may count against one of text, each >= 0; the best on
            cold validation is taken, the last without it.
    """

    text: TextTowersConfig = field(default_factory=TextTowersConfig)
    behaviour: AldiConfig = field(default_factory=AldiConfig.tuned)
    behaviour_weights: tuple[float, ...] = (0.0, 0.125, 0.25, 0.5, 2.0, 1.0)

    def __post_init__(self) -> None:
        if not self.behaviour_weights or min(self.behaviour_weights) < 0:
            raise ValueError(
                f"behaviour_weights must be at least one, each >= 0, got {self.behaviour_weights}"
            )


@dataclass(frozen=True)
class CoupledFilter:
    """A trained filter.

    Attributes:
        factors: Users and items, warm and cold; an item's scores have mean 0 over the users.
        behaviour_weight: The weight that was taken.
    """

    factors: Factors
    behaviour_weight: float


def couple(text: Factors, behaviour: Factors, *, behaviour_weight: float) -> Factors:
    """Add two scores, each in units of its deviation over the users of an item.

    Args:
        text: Users (U, d) and items (I, d).
        behaviour: Users (U, D) and items (I, D).
        behaviour_weight: What one deviation of behaviour counts.

    Returns:
        Users (U, d + D + 1) and items (I, d + D + 1), so that one index of vectors answers.
    """
    ones = np.ones((len(text.users), 1), dtype=np.float32)
    text_items, text_shift = _standardised(text)
    behaviour_items, behaviour_shift = _standardised(behaviour)
    shift = text_shift + behaviour_weight * behaviour_shift  # (I, 1)
    items = np.concatenate((text_items, behaviour_weight * behaviour_items, shift), axis=1)
    users = np.concatenate((text.users, behaviour.users, ones), axis=1)
    return Factors(users.astype(np.float32), items.astype(np.float32))


def _standardised(factors: Factors) -> tuple[Matrix, Matrix]:
    """Items over the deviation of their scores, and minus the mean score in that unit, (I, D) and (I, 1)."""
    users, items = factors.users.astype(np.float64), factors.items.astype(np.float64)
    mean = users.mean(axis=0)
    covariance = (users - mean).T @ (users - mean) / len(users)
    variance = ((items @ covariance) * items).sum(axis=1, keepdims=True)
    scaled = items / np.sqrt(np.maximum(variance, 1e-20))
    return scaled, -(scaled @ mean)[:, None]


def behaviour_factors(data: RivalInput, config: AldiConfig, *, on_epoch: OnEpoch | None = None) -> Factors:
    """What the students of the collaborative vectors say, of warm items too."""
    model = Aldi(data, config, generator=torch.Generator().manual_seed(data.seed))
    batches = triple_batches(data, config.batch_size, generator=np.random.default_rng(data.seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
    with torch.no_grad():
        return Factors(model.user_student(model.users).numpy(), model.item_student(model.texts).numpy())


def fit(
    data: RivalInput, *, config: FilterConfig = FilterConfig(), on_epoch: OnEpoch | None = None
) -> CoupledFilter:
    """Train both sides, each alone, and weigh them against each other.

    Args:
        data: Training set and collaborative vectors.
        config: Settings.
        on_epoch: Called after each epoch of either side.

    Returns:
        The filter.

    Source: ColdLLM, arXiv 2402.09176 (WSDM 2025), the coupled filter; the behaviour side with the four terms of
        ALDI, as in the authors' code. Difference: the paper adds the two raw inner products, whose scales are
        arbitrary; here both are in units of their deviation, with one weight.
    """
    text = text_towers.fit(data, config=config.text, on_epoch=on_epoch)
    behaviour = behaviour_factors(data, config.behaviour, on_epoch=on_epoch)
    coupled = {
        weight: couple(text, behaviour, behaviour_weight=weight) for weight in config.behaviour_weights
    }
    best = config.behaviour_weights[-1]
    if data.validate is not None:
        values = {weight: data.validate(factors) for weight, factors in coupled.items()}
        best = max(values, key=lambda weight: values[weight])
    return CoupledFilter(coupled[best], best)
