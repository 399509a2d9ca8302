"""Probabilities of noisy labels by hand, what is and is not trained, and recovery of missed positives."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.collaborative.bpr import Triples, bpr_loss
from models.collaborative.fit import fit_bpr
from models.collaborative.label_noise import LabelNoise, noisy_label_loss, surely_disliked
from models.collaborative.mf import MatrixFactorisation
from tests.contracts.collaborative import N_ITEMS, N_USERS, checkerboard
from tests.models.collaborative.worlds import small

LN3 = math.log(3)  # sigmoid(ln 3) = 3/4


def noise(use: Literal["weighted", "likelihood"], *, seed: int = 0) -> LabelNoise:
    return LabelNoise(4, 5, d=9, use=use, generator=torch.Generator().manual_seed(seed))


def test_loss_by_hand() -> None:
    """P(event) = 3/4 (1 - 1/4) = 9/16; P(no event) = 1/4 + 3/4 * 1/2 = 5/8."""
    loss = noisy_label_loss(
        torch.tensor([LN3]),
        torch.tensor([LN3]),
        seen_noise=torch.tensor([-LN3]),
        unseen_noise=torch.tensor([0.0]),
    )
    assert loss.item() == pytest.approx(-math.log(9 / 16) - math.log(5 / 8), rel=1e-6)


def test_weight_by_hand() -> None:
    # sigmoid(-s) = 1/4, sigmoid(s) gamma = 3/4 * 1/4: 4/7; without noise 1
    weights = surely_disliked(torch.tensor([LN3, 2.0, 90.0]), torch.tensor([-LN3, -200.0, 90.0]))
    np.testing.assert_allclose(weights, [4 / 7, 1, 0], atol=1e-6)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_no_overflow_and_weights_are_probabilities(score: float, logit: float) -> None:
    scores, noises = torch.tensor([score]), torch.tensor([logit])
    assert 0 <= surely_disliked(scores, noises).item() <= 1 + 1e-6
    assert noisy_label_loss(scores, scores, seen_noise=noises, unseen_noise=noises).isfinite()


def test_without_noise_the_likelihood_is_the_cross_entropy() -> None:
    scores, never = torch.tensor([0.3, -1.2]), torch.full((2,), -80.0)
    loss = noisy_label_loss(scores, scores.flip(0), seen_noise=never, unseen_noise=never)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.cat((scores, scores)), torch.tensor([1.0, 1.0, 0.0, 0.0])
    )
    assert loss.item() == pytest.approx(2 * expected.item(), rel=1e-6)


def test_noise_begins_small() -> None:
    start = noise("weighted")
    users, items = (torch.from_numpy(index) for index in np.divmod(np.arange(20), 5))
    logits = start.logits(users, items)
    expected = (start.user_rows[users] * start.item_rows[items]).sum(dim=1)
    torch.testing.assert_close(logits, expected)
    assert logits.max() < 0
    wide = LabelNoise(50, 60, d=50, use="weighted", generator=torch.Generator().manual_seed(0))
    assert (wide.user_rows @ wide.item_rows.T).sigmoid().mean() < 0.01


def test_weighted_trains_scores_by_bpr_and_noise_by_the_likelihood() -> None:
    positive, negative = (torch.tensor([value], requires_grad=True) for value in (0.5, LN3))
    seen, unseen = (torch.tensor([value], requires_grad=True) for value in (-2.0, -LN3))
    noise("weighted").ranking_loss(positive, negative, seen_noise=seen, unseen_noise=unseen).backward()
    pull = 1 / (1 + math.exp(0.5 - LN3)) * 4 / 7
    assert positive.grad is not None
    assert negative.grad is not None
    assert positive.grad.item() == pytest.approx(-pull, rel=1e-5)
    assert negative.grad.item() == pytest.approx(pull, rel=1e-5)
    slopes = [values.grad for values in (seen, unseen)]
    again = [torch.tensor([value], requires_grad=True) for value in (-2.0, -LN3)]
    noisy_label_loss(
        torch.tensor([0.5]), torch.tensor([LN3]), seen_noise=again[0], unseen_noise=again[1]
    ).backward()
    for slope, other in zip(slopes, again, strict=True):
        torch.testing.assert_close(slope, other.grad)


def test_model_without_noise_has_the_plain_loss_and_with_it_the_penalty_counts() -> None:
    model = MatrixFactorisation(4, 5, d=3, l2=0.0, generator=torch.Generator().manual_seed(0))
    batch = Triples(torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([4, 0]))
    users, items = model.tables()
    positive, negative = ((users[batch.users] * items[i]).sum(1) for i in (batch.positives, batch.negatives))
    torch.testing.assert_close(model.loss(batch), bpr_loss(positive, negative))
    start = noise("likelihood")
    losses = []
    for l2 in (0.0, 0.5):
        model.learn_noise(start, l2=l2)
        losses.append(model.loss(batch).item())
    norms = [start.user_rows[batch.users], start.item_rows[batch.positives], start.item_rows[batch.negatives]]
    expected = sum(rows.square().sum(dim=1).mean().item() for rows in norms)
    assert losses[1] - losses[0] == pytest.approx(0.5 * expected, rel=1e-4)


@pytest.mark.parametrize("use", ["weighted", "likelihood"])
def test_the_withheld_diagonal_is_found_with_noise_too(use: Literal["weighted", "likelihood"]) -> None:
    found = fit_bpr(
        checkerboard(),
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=small(noisy_labels=use, epochs=8, noise_d=8),
    )
    scores = found.users @ found.warm_items.T
    won = [
        scores[user, user % N_ITEMS] > scores[user, other]
        for user in range(N_USERS)
        for other in range(N_ITEMS)
        if (user - other) % 2 == 1
    ]
    assert np.mean(won) > 0.97
