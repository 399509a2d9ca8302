from __future__ import annotations

import math

import pytest
import torch

from models.filterllm.losses import behaviour_guiding_loss, distribution_loss, mirrored_loss

# item 0 was taken by users 0 and 2, item 1 by user 2; logits are logarithms, so that softmaxes are fractions
LOGITS = torch.log(torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 1.0, 2.0, 2.0]], dtype=torch.float64))
ROW, USER = torch.tensor([0, 0, 1]), torch.tensor([0, 2, 2])


def test_distribution_loss_equals_the_formula_by_hand() -> None:
    first = -(math.log(1 / 10) + math.log(3 / 10)) / 2
    second = -math.log(2 / 10)
    assert distribution_loss(LOGITS, ROW, USER).item() == pytest.approx((first + second) / 2, abs=1e-12)


def test_distribution_loss_equals_cross_entropy_against_the_normalised_multi_hot() -> None:
    target = torch.tensor([[0.5, 0.0, 0.5, 0.0], [0.0, 0.0, 1.0, 0.0]], dtype=torch.float64)
    written_out = -(target * LOGITS.log_softmax(dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(distribution_loss(LOGITS, ROW, USER), written_out)


def test_distribution_loss_ignores_an_offset_per_item_and_mirrored_loss_one_per_user() -> None:
    moved = LOGITS + torch.tensor([[3.0], [-2.0]], dtype=torch.float64)
    torch.testing.assert_close(distribution_loss(moved, ROW, USER), distribution_loss(LOGITS, ROW, USER))
    moved = LOGITS + torch.tensor([1.0, 2.0, -3.0, 4.0], dtype=torch.float64)
    torch.testing.assert_close(mirrored_loss(moved, ROW, USER), mirrored_loss(LOGITS, ROW, USER))


def test_mirrored_loss_equals_the_formula_by_hand() -> None:
    user_0 = -math.log(1 / 6)  # took item 0 of items 0 and 1, whose numbers are 1 and 5
    user_2 = -(math.log(3 / 5) + math.log(2 / 5)) / 2
    assert mirrored_loss(LOGITS, ROW, USER).item() == pytest.approx((user_0 + user_2) / 2, abs=1e-12)


def test_mirrored_loss_leaves_users_without_a_positive_alone() -> None:
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(mirrored_loss(logits, ROW, USER), logits)
    assert torch.all(gradient[:, [1, 3]] == 0)
    assert torch.all(gradient[:, [0, 2]] != 0)


def test_behaviour_guiding_loss_is_the_mean_squared_distance_and_moves_only_the_prediction() -> None:
    predicted = torch.tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
    vectors = torch.tensor([[1.0, 0.0], [3.0, 0.0]], requires_grad=True)
    loss = behaviour_guiding_loss(predicted, vectors)
    assert loss.item() == pytest.approx((4 / 2 + 9 / 2) / 2)
    loss.backward()
    assert vectors.grad is None
    assert predicted.grad is not None
