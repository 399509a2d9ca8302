"""The pairwise loss by hand, one step by hand, and the batches of triples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.collaborative.bpr import TripleBatches, Triples, bpr_loss, squared_norms
from models.collaborative.mf import MatrixFactorisation
from models.collaborative.negative_sampling import NegativeSampler
from models.training import train_epochs


def test_loss_by_hand() -> None:
    # -ln sigmoid(0) = ln 2; -ln sigmoid(ln 3) = ln(4/3)
    loss = bpr_loss(torch.tensor([2.0, math.log(3)]), torch.tensor([2.0, 0.0]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


def test_loss_does_not_overflow() -> None:
    assert bpr_loss(torch.tensor([-500.0]), torch.tensor([500.0])).item() == 1000.0


def test_squared_norms_by_hand() -> None:
    first, second = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[1.0, 1.0], [2.0, 0.0]])
    assert squared_norms(first, second).item() == pytest.approx((25 + 1) / 2 + (2 + 4) / 2)


def test_one_training_step_equals_the_step_by_hand() -> None:
    l2, rate = 0.1, 0.5
    model = MatrixFactorisation(2, 3, d=2, l2=l2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.user_rows.copy_(torch.tensor([[1.0, 2.0], [9.0, 9.0]]))
        model.item_rows.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [7.0, 7.0]]))
    user, chosen, other = np.array([1.0, 2.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    pull = 1 / (1 + math.exp(user @ (chosen - other)))  # sigmoid(-(s_ui - s_uj))
    batch = Triples(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    train_epochs(model, lambda epoch: [batch], optimizer, epochs=1)
    users, items = (table.detach().numpy() for table in model.tables())
    np.testing.assert_allclose(users[0], user - rate * (-pull * (chosen - other) + 2 * l2 * user), rtol=1e-6)
    np.testing.assert_allclose(items[0], chosen - rate * (-pull * user + 2 * l2 * chosen), rtol=1e-6)
    np.testing.assert_allclose(items[1], other - rate * (pull * user + 2 * l2 * other), rtol=1e-6)
    np.testing.assert_array_equal(users[1], [9, 9])
    np.testing.assert_array_equal(items[2], [7, 7])


def test_xavier_bounds_and_seed() -> None:
    model = MatrixFactorisation(100, 200, d=20, l2=0, generator=torch.Generator().manual_seed(3))
    for rows in (model.user_rows, model.item_rows):
        bound = math.sqrt(6 / (len(rows) + 20))
        assert rows.abs().max() <= bound
        assert rows.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_an_epoch_holds_every_pair_as_often_as_asked() -> None:
    pairs = np.array([[0, 0], [0, 1], [1, 2], [2, 0]])
    batches = TripleBatches(
        pairs,
        NegativeSampler(pairs, n_users=3, n_items=4),
        batch_size=5,
        negatives=3,
        generator=np.random.default_rng(0),
    )
    epochs = [list(batches(1)), list(batches(2))]
    assert [[len(batch.users) for batch in epoch] for epoch in epochs] == [[5, 5, 2], [5, 5, 2]]
    for epoch in epochs:
        seen = [
            pair
            for batch in epoch
            for pair in zip(batch.users.tolist(), batch.positives.tolist(), strict=True)
        ]
        assert sorted(seen) == sorted(map(tuple, np.repeat(pairs, 3, axis=0).tolist()))
    first, second = (torch.cat([batch.positives for batch in epoch]) for epoch in epochs)
    assert not torch.equal(first, second)
