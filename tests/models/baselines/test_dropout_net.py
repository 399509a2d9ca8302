"""Targets, weights and withheld rows by hand; cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import dropout_net
from models.baselines.dropout_net import Block, DropoutNet, DropoutNetConfig, kept_rows, least_of_best
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = DropoutNetConfig(hidden=5, width=4, best_items=2)
TOY = DropoutNetConfig(hidden=16, width=8, best_items=20, epochs=20, learning_rate=0.05)


def test_loss_by_hand():
    """The target is of raw vectors and whole; the towers see standardised ones, some of them zero."""
    data = by_hand()
    model = DropoutNet(data, SMALL, generator=torch.Generator().manual_seed(0)).eval()
    keep_users, keep_items = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [0.0], [1.0]])
    batch = Block(torch.tensor([1, 4]), torch.tensor([0, 3, 1]), keep_users, keep_items)
    nothing = torch.zeros(1, 3)
    vectors = torch.cat((model.items[0:1], nothing, model.items[1:2]))
    users = model.user_tower(torch.cat((nothing, model.users[4:5])))
    items = model.item_tower(torch.cat((vectors, model.texts[[0, 5, 2]]), dim=1))
    scores = data.user_vectors @ data.warm_vectors.T  # all four items of both users
    weights = np.where(scores >= np.sort(scores, axis=1)[:, 2:3] - 1e-6, 0.5 + 0.5 * 4 / 2, 0.5)
    error = (scores[[1, 4]][:, [0, 3, 1]] - (users @ items.T).detach().numpy()) ** 2
    expected = (weights[[1, 4]][:, [0, 3, 1]] * error).mean()
    assert float(model.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


def test_best_items_are_half_of_the_mean():
    """Over all items, weights add up to one each for the best and for all together."""
    data = rival_input()
    model = DropoutNet(data, TOY, generator=torch.Generator())
    scores = model.raw_users @ model.raw_items.T
    is_best = scores >= model.least_of_best[:, None]
    assert (is_best.sum(dim=1) == 20).all()
    assert float((model.weight_of_best * is_best.float()).mean()) == pytest.approx(1)


def test_least_of_best_by_hand():
    users, items = np.array([[1.0], [-1.0]]), np.array([[3.0], [1.0], [2.0]])
    np.testing.assert_array_equal(least_of_best(users, items, 2), [1.5, -2.5])
    np.testing.assert_array_equal(least_of_best(users, items, 3), [-np.inf, -np.inf])


def test_whole_rows_are_withheld_in_the_exact_share():
    kept = kept_rows(101, 0.5, draws=np.random.default_rng(0))
    assert kept.shape == (101, 1)
    assert int((kept == 0).sum()) == 50
    assert int((kept == 1).sum()) == 51


def test_cold_topics_are_found_without_an_item_vector():
    assert found(dropout_net.fit(rival_input(), config=TOY)) > 0.6


def test_refusals():
    with pytest.raises(ValueError, match=r"dropped_users must be in \[0, 1\], got 2"):
        DropoutNetConfig(dropped_users=2)
