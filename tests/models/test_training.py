"""The epoch loop: steps by hand, clearing, early stopping, reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn

from models.training import EpochReport, fitting_batch, train_epochs


class Pull(nn.Module):
    """One number pulled towards each batch's target: loss (w - target)^2, gradient 2 (w - target)."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))
        self.frozen = nn.Parameter(torch.tensor(7.0), requires_grad=False)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.modes: list[bool] = []

    def loss(self, batch: float) -> Tensor:
        self.steps += 1  # type: ignore[operator]
        self.modes.append(self.training)
        return (self.weight - batch) ** 2


def constant(*targets: float) -> Callable[[int], Iterable[float]]:
    """The same batches in every epoch."""
    return lambda epoch: targets


def sgd(model: nn.Module, rate: float = 0.25) -> torch.optim.SGD:
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=rate)


def test_two_steps_equal_the_steps_by_hand() -> None:
    model = Pull()
    history = train_epochs(model, constant(4.0, 1.0), sgd(model), epochs=1)
    # w = 0 -> 0 + .25 * 2 * 4 = 2 -> 2 - .25 * 2 * 1 = 1.5; losses 16 and 1
    assert model.weight.item() == 1.5
    assert history.epochs[0].loss == pytest.approx((16 + 1) / 2)


def test_gradients_are_cleared_before_and_after() -> None:
    model = Pull()
    model.weight.grad = torch.tensor(1000.0)
    train_epochs(model, constant(4.0), sgd(model), epochs=1)
    assert model.weight.item() == 2.0
    assert model.weight.grad is None


def test_best_state_comes_back_and_patience_counts_validations() -> None:
    model = Pull()
    values = iter([0.1, 0.5, 0.4, 0.5, 0.9])
    seen: list[float] = []

    def validate() -> float:
        assert not model.training
        assert not torch.is_grad_enabled()
        seen.append(model.weight.item())
        return next(values)

    history = train_epochs(model, constant(4.0), sgd(model), epochs=9, validate=validate, patience=2)
    assert history.best_epoch == 2
    assert history.best_validation == 0.5
    assert len(history.epochs) == 4  # an equal value is not better
    assert model.weight.item() == seen[1]
    assert model.steps.item() == 2
    assert not model.training
    assert all(model.modes)


def test_validation_every_second_epoch_and_at_the_end() -> None:
    model = Pull()
    history = train_epochs(
        model, constant(4.0), sgd(model), epochs=5, validate=lambda: model.weight.item(), validate_every=2
    )
    assert [report.validation is not None for report in history.epochs] == [False, True, False, True, True]
    assert history.best_epoch == 5


def test_without_validation_the_last_state_stays() -> None:
    model = Pull()
    history = train_epochs(model, constant(4.0), sgd(model), epochs=3)
    assert history.best_epoch == 3
    assert history.best_validation is None
    assert model.weight.item() == 3.5


def test_each_epoch_is_reported_once() -> None:
    model = Pull()
    reports: list[EpochReport] = []
    history = train_epochs(model, constant(4.0), sgd(model), epochs=3, on_epoch=reports.append)
    assert tuple(reports) == history.epochs
    assert [(report.epoch, report.epochs) for report in reports] == [(1, 3), (2, 3), (3, 3)]
    assert history.seconds == pytest.approx(sum(report.seconds for report in reports))


def test_batches_learn_the_epoch_from_one() -> None:
    model, asked = Pull(), []

    def batches(epoch: int) -> Iterable[float]:
        asked.append(epoch)
        return [1.0]

    train_epochs(model, batches, sgd(model), epochs=3)
    assert asked == [1, 2, 3]


def test_scheduler_steps_with_every_batch() -> None:
    model = Pull()
    optimizer = sgd(model)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 if step == 0 else 0.0)
    train_epochs(model, constant(4.0, 4.0), optimizer, epochs=2, scheduler=scheduler)
    assert model.weight.item() == 2.0
    assert scheduler.last_epoch == 4


def test_gradients_are_scaled_down_to_the_norm() -> None:
    model = Pull()
    train_epochs(model, constant(4.0), sgd(model), epochs=1, max_gradient_norm=2.0)
    assert model.weight.item() == pytest.approx(0.25 * 2.0)


def test_a_loss_that_is_not_finite_names_epoch_and_batch_and_moves_nothing() -> None:
    model = Pull()
    with pytest.raises(FloatingPointError, match=r"nan in epoch 1, batch 2"):
        train_epochs(model, constant(4.0, math.nan), sgd(model), epochs=1)
    assert model.weight.item() == 2.0


def test_a_validation_that_is_not_finite_is_refused() -> None:
    model = Pull()
    with pytest.raises(FloatingPointError, match="after epoch 1 is nan"):
        train_epochs(model, constant(4.0), sgd(model), epochs=1, validate=lambda: math.nan)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": 1, "validate_every": 0}, "validate_every must be at least 1, got 0"),
        ({"epochs": 1, "patience": 0}, "patience must be at least 1"),
        ({"epochs": 1, "patience": 2}, "there is no validate"),
        ({"epochs": 1, "max_gradient_norm": 0.0}, "max_gradient_norm must be above 0"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: dict[str, object], message: str) -> None:
    model = Pull()
    with pytest.raises(ValueError, match=message):
        train_epochs(model, constant(1.0), sgd(model), **arguments)  # type: ignore[arg-type]


def test_an_epoch_without_batches_is_refused() -> None:
    model = Pull()
    with pytest.raises(ValueError, match=r"batches\(1\) gave no batch"):
        train_epochs(model, constant(), sgd(model), epochs=1)


@pytest.mark.parametrize(
    ("at_most", "n", "size"), [(4096, 132_073, 4096), (4096, 3200, 100), (4096, 1, 1), (8, 3200, 8)]
)
def test_batches_are_small_enough_for_32_steps(at_most: int, n: int, size: int) -> None:
    assert fitting_batch(at_most, n) == size


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 4 and 0"):
        fitting_batch(4, 0)
