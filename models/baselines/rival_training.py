"""One way to train every rival: the common loop, judged on the factors that the rival would hand out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from models.baselines.factors import Factors
from models.baselines.rival import RivalInput
from models.training import OnEpoch, Trainable, TrainingHistory, train_epochs

Batch = TypeVar("Batch")
BatchIn = TypeVar("BatchIn", contravariant=True)


class TrainableRival(Trainable[BatchIn], Protocol[BatchIn]):
    """A trainable model that can say at any moment how it would score."""

    def factors(self) -> Factors:
        """Vectors of all users and all items; called in evaluation mode."""
        ...


def train_rival(
    model: TrainableRival[Batch],
    batches: Callable[[int], Iterable[Batch]],
    optimizer: Optimizer,
    *,
    data: RivalInput,
    epochs: int,
    patience: int | None,
    scheduler: LRScheduler | None = None,
    on_epoch: OnEpoch | None = None,
) -> TrainingHistory:
    """Train a rival and leave it in its best epoch by ``data.validate``, or in the last one without it.

    Args:
        model: The rival; changed in place.
        batches: Gives the batches of an epoch by its number, from 1.
        optimizer: Holds the trained parameters.
        data: Where ``validate`` comes from.
        epochs: Greatest number of epochs.
        patience: Epochs without improvement that end the training; ignored where nothing validates.
        scheduler: Stepped after every batch.
        on_epoch: Called after each epoch.

    Returns:
        The epochs.
    """
    asked = data.validate
    validate = None if asked is None else lambda: asked(model.factors())
    loop: dict[str, Any] = {"scheduler": scheduler, "on_epoch": on_epoch, "epochs": epochs}
    return train_epochs(
        model, batches, optimizer, validate=validate, patience=patience if asked else None, **loop
    )
