"""The epoch loop, once, for every trained model.

A model offers parameters and a loss on a batch; clearing, stepping, early stopping and the return to the
best state happen here. Judging comes in as a callable, so that no model needs to know a metric.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

logger = logging.getLogger(__name__)

Batch = TypeVar("Batch")
BatchIn = TypeVar("BatchIn", contravariant=True)


class Trainable(Protocol[BatchIn]):
    """What the loop asks of a model: a ``torch.nn.Module`` that has a ``loss`` offers all of it."""

    def loss(self, batch: BatchIn, /) -> Tensor:
        """The scalar to be minimised on one batch."""
        ...

    def named_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """Names and values; only those that require a gradient are remembered and restored."""
        ...

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """State that is not trained yet belongs to a moment of training."""
        ...

    def train(self, mode: bool = True, /) -> Any:
        """Switch dropout and its like on or off."""
        ...


@dataclass(frozen=True)
class EpochReport:
    """What one epoch did.

    Attributes:
        epoch: Number of this epoch, from 1.
        epochs: Greatest number of epochs that may follow each other.
        loss: Mean of the batches' losses.
        validation: What ``validate`` returned after this epoch, None where it was not asked.
        seconds: Wall time of the epoch in seconds, validation included.
    """

    epoch: int
    epochs: int
    loss: float
    validation: float | None
    seconds: float


@dataclass(frozen=True)
class TrainingHistory:
    """All epochs of one training, and the one whose state the model was left in."""

    best_epoch: int
    epochs: tuple[EpochReport, ...]

    @property
    def best_validation(self) -> float | None:
        """The validation value of the best epoch, None if nothing was validated."""
        return self.epochs[self.best_epoch - 1].validation

    @property
    def seconds(self) -> float:
        """Wall time of all epochs in seconds."""
        return sum(report.seconds for report in self.epochs)


OnEpoch = Callable[[EpochReport], None]

LEAST_STEPS = 32  # per epoch: batches tuned on large data would leave small data almost untrained


def fitting_batch(at_most: int, n: int) -> int:
    """The batch size for ``n`` examples: ``at_most``, or less so that an epoch has at least 32 steps.

    Args:
        at_most: The size wanted on large data, >= 1.
        n: Training examples, >= 1.

    Returns:
        A size in [1, at_most].

    Raises:
        ValueError: If a number is below 1.
    """
    if at_most < 1 or n < 1:
        raise ValueError(f"at_most and n must be at least 1, got {at_most} and {n}")
    return min(at_most, math.ceil(n / LEAST_STEPS))


def train_epochs(
    model: Trainable[Batch],
    batches: Callable[[int], Iterable[Batch]],
    optimizer: Optimizer,
    *,
    epochs: int,
    scheduler: LRScheduler | None = None,
    validate: Callable[[], float] | None = None,
    validate_every: int = 1,
    patience: int | None = None,
    max_gradient_norm: float | None = None,
    on_epoch: OnEpoch | None = None,
) -> TrainingHistory:
    """Train ``model`` and leave it in its best state, in evaluation mode.

    Args:
        model: The model; changed in place.
        batches: Called with the number of the epoch (from 1), gives that epoch's batches. The generator
            that shuffles or samples belongs to it, so that the same seed repeats the same bits on CPU.
        optimizer: Holds the parameters to be moved; its gradients are cleared before every batch.
        epochs: Greatest number of epochs, >= 1.
        scheduler: Stepped after every batch, not after every epoch.
        validate: The value by which epochs are compared, **higher is better**; called in evaluation mode
            without gradients. Without it the last epoch's state stays.
        validate_every: Epochs from one validation to the next, >= 1; the last epoch is always validated.
        patience: Stop after this many validations in a row that are not better than the best, >= 1.
            None: never stop early.
        max_gradient_norm: Scale each step's gradients down to this Euclidean norm. None: leave them.
        on_epoch: Called after each epoch with its report. An exception raised by it ends the training.

    Returns:
        The report of each epoch and the number of the best one.

    Raises:
        ValueError: If a number is out of range, if ``patience`` comes without ``validate``, or if an epoch
            has no batch.
        FloatingPointError: If a loss or a validation value is not finite; names epoch and batch.
    """
    _check(epochs, validate_every, patience, max_gradient_norm, can_validate=validate is not None)
    reports: list[EpochReport] = []
    best_epoch, best_value, best_state, misses = epochs, -math.inf, None, 0
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        loss = _train_one_epoch(model, batches, optimizer, epoch, scheduler, max_gradient_norm)
        value = None
        if validate is not None and (epoch % validate_every == 0 or epoch == epochs):
            value = _validated(model, validate, epoch)
            if value > best_value:
                best_epoch, best_value, best_state, misses = epoch, value, _state(model), 0
            else:
                misses += 1
        reports.append(EpochReport(epoch, epochs, loss, value, time.perf_counter() - started))
        logger.debug("epoch %d/%d: loss %.5f, validation %s", epoch, epochs, loss, value)
        if on_epoch is not None:
            on_epoch(reports[-1])
        if patience is not None and misses >= patience:
            logger.info("stopped after epoch %d: best epoch was %d (%.5f)", epoch, best_epoch, best_value)
            break
    if best_state is not None:
        _restore(model, best_state)
    optimizer.zero_grad(set_to_none=True)
    model.train(False)
    return TrainingHistory(best_epoch, tuple(reports))


def _train_one_epoch(
    model: Trainable[Batch],
    batches: Callable[[int], Iterable[Batch]],
    optimizer: Optimizer,
    epoch: int,
    scheduler: LRScheduler | None,
    max_gradient_norm: float | None,
) -> float:
    """One pass over the batches; the mean of their losses."""
    model.train(True)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    total, count = 0.0, 0
    for number, batch in enumerate(batches(epoch), start=1):
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(batch)
        value = float(loss.detach())
        # refused before the step, so that the parameters are still those of the last good batch
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss is {value} in epoch {epoch}, batch {number}; a smaller learning rate may help"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        if max_gradient_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, max_gradient_norm)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        total, count = total + value, count + 1
    if count == 0:
        raise ValueError(f"batches({epoch}) gave no batch: there is nothing to train on")
    return total / count


def _validated(model: Trainable[Any], validate: Callable[[], float], epoch: int) -> float:
    """The validation value in evaluation mode, refused unless finite."""
    model.train(False)
    with torch.no_grad():
        value = float(validate())
    if not math.isfinite(value):
        raise FloatingPointError(f"the validation value after epoch {epoch} is {value}")
    return value


def _named_state(model: Trainable[Any]) -> Iterator[tuple[str, Tensor]]:
    """All that training may change: trained parameters and buffers."""
    yield from ((name, value) for name, value in model.named_parameters() if value.requires_grad)
    yield from model.named_buffers()


def _state(model: Trainable[Any]) -> dict[str, Tensor]:
    """A copy that later steps do not reach."""
    return {name: value.detach().clone() for name, value in _named_state(model)}


def _restore(model: Trainable[Any], state: dict[str, Tensor]) -> None:
    """Write a remembered state back, in place."""
    with torch.no_grad():
        for name, value in _named_state(model):
            value.copy_(state[name])


def _check(
    epochs: int,
    validate_every: int,
    patience: int | None,
    max_gradient_norm: float | None,
    *,
    can_validate: bool,
) -> None:
    """Refuse numbers out of range."""
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if validate_every < 1:
        raise ValueError(f"validate_every must be at least 1, got {validate_every}")
    if patience is not None and patience < 1:
        raise ValueError(f"patience must be at least 1 (or None: never stop early), got {patience}")
    if patience is not None and not can_validate:
        raise ValueError(f"patience is {patience} but there is no validate: pass one, or patience=None")
    if max_gradient_norm is not None and not max_gradient_norm > 0:
        raise ValueError(f"max_gradient_norm must be above 0 (or None), got {max_gradient_norm}")
