"""What trained rivals share: their texts, and one loop judged on the factors that they would hand out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from models.baselines.factors import Factors
from models.baselines.layers import standardised
from models.baselines.rival import RivalInput
from models.baselines.rival_config import RivalConfig
from models.baselines.text_directions import text_directions
from models.training import OnEpoch, Trainable, train_epochs

Batch = TypeVar("Batch")
BatchIn = TypeVar("BatchIn", contravariant=True)


class TrainableRival(Trainable[BatchIn], Protocol[BatchIn]):
    """A trainable model that can say at any moment how it would score."""

    def factors(self) -> Factors:
        """Vectors of all users and all items; called in evaluation mode."""
        ...


class RivalModel(nn.Module):
    """A rival's constants.

    Args:
        data: Training set.
        text_limit: Standardise the coordinates of texts by the warm items and cut them at so many deviations.
            None: leave them as directions.

    Attributes:
        warm: Warm items, shape (W,), int64.
        texts: Of all items, shape (I, H), float32.
        warm_texts: Of the warm items, shape (W, H).
        users: Collaborative vectors, shape (U, D), float32.
        items: Collaborative vectors of the warm items, shape (W, D), float32.
    """

    def __init__(self, data: RivalInput, *, text_limit: float | None = None) -> None:
        super().__init__()
        texts = text_directions(data.features, data.warm_items)
        if text_limit is not None:
            texts = standardised(texts, by=data.warm_items, limit=text_limit)
        self.warm = torch.from_numpy(data.warm_items)
        self.texts = torch.from_numpy(texts)
        self.warm_texts = self.texts[self.warm]
        self.users = torch.from_numpy(data.user_vectors.astype(np.float32, copy=False))
        self.items = torch.from_numpy(data.warm_vectors.astype(np.float32, copy=False))

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Vectors of users (U, F) and items (I, F) whose inner products are the scores."""
        raise NotImplementedError

    def factors(self) -> Factors:
        """The same as arrays of their own."""
        with torch.no_grad():
            users, items = self.vectors()
        return Factors(*(rows.detach().numpy().copy() for rows in (users, items)))


def train_rival(
    model: TrainableRival[Batch],
    batches: Callable[[int], Iterable[Batch]],
    optimizer: Optimizer,
    *,
    data: RivalInput,
    config: RivalConfig,
    scheduler: LRScheduler | None = None,
    on_epoch: OnEpoch | None = None,
) -> Factors:
    """Train a rival and leave it in its best epoch by ``data.validate``, or in the last one without it.

    Args:
        model: The rival; changed in place.
        batches: Gives the batches of an epoch by its number, from 1.
        optimizer: Holds the trained parameters.
        data: Where ``validate`` comes from.
        config: Epochs, gradients, and patience, which is ignored where nothing validates.
        scheduler: Stepped after every batch.
        on_epoch: Called after each epoch.

    Returns:
        The factors of that epoch.
    """
    asked = data.validate
    loop: dict[str, Any] = {"epochs": config.epochs, "scheduler": scheduler, "on_epoch": on_epoch}
    loop["max_gradient_norm"] = config.max_gradient_norm
    if asked is not None:
        loop |= {"patience": config.patience, "validate_every": config.validate_every}
        loop["validate"] = lambda: asked(model.factors())
    train_epochs(model, batches, optimizer, **loop)
    return model.factors()
