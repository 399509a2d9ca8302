"""Targets, withheld rows and rounds by hand; cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import dropout_net
from models.baselines.dropout_net import DropoutNet, DropoutNetConfig, Pairings, UserRounds, kept_rows
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = DropoutNetConfig(hidden=5, width=4)
TOY = DropoutNetConfig(
    hidden=16, width=8, best_items=20, random_items=20, users_per_epoch=50, passes=4, learning_rate=0.2
)


def test_loss_by_hand():
    """The target is of raw vectors and whole; the towers see standardised ones, some of them zero."""
    data = by_hand()
    model = DropoutNet(data, SMALL, generator=torch.Generator().manual_seed(0)).eval()
    keep_user, keep_item = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [0.0]])
    batch = Pairings(torch.tensor([1, 4]), torch.tensor([0, 3]), keep_user, keep_item)
    nothing = torch.zeros(1, 3)
    texts = model.texts[torch.tensor([0, 5])]  # positions 0 and 3 are items 0 and 5
    users = model.user_tower(torch.cat((nothing, model.users[4:5])))
    items = model.item_tower(torch.cat((torch.cat((model.items[0:1], nothing)), texts), dim=1))
    target = np.array(
        [data.user_vectors[1] @ data.warm_vectors[0], data.user_vectors[4] @ data.warm_vectors[3]]
    )
    expected = ((target - (users * items).sum(dim=1).detach().numpy()) ** 2).mean()
    assert float(model.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


def test_whole_rows_are_withheld_in_the_exact_share():
    kept = kept_rows(101, 0.5, draws=np.random.default_rng(0))
    assert kept.shape == (101, 1)
    assert int((kept == 0).sum()) == 50
    assert int((kept == 1).sum()) == 51


def test_a_round_pairs_users_with_their_best_and_with_random_items():
    data = rival_input()
    config = DropoutNetConfig(best_items=3, random_items=2, users_per_epoch=40, batch_size=50)
    rounds = UserRounds(data.user_vectors, data.warm_vectors, config, draws=np.random.default_rng(0))
    assert rounds.per_pass == 3
    met = []
    for epoch in range(1, 4):
        batches = list(rounds(epoch))
        users = np.concatenate([batch.users.numpy() for batch in batches])
        items = np.concatenate([batch.items.numpy() for batch in batches])
        for user in np.unique(users):
            best = np.argsort(-(data.warm_vectors @ data.user_vectors[user]))[:3]
            assert np.isin(best, items[users == user]).all()
            assert (users == user).sum() == 5
        met.extend(np.unique(users))
    np.testing.assert_array_equal(np.sort(met), np.arange(data.n_users))


def test_cold_topics_are_found_without_an_item_vector():
    assert found(dropout_net.fit(rival_input(), config=TOY)) > 0.6


def test_refusals():
    with pytest.raises(ValueError, match="batch_size must be at least 2 for batch normalisation, got 1"):
        DropoutNetConfig(batch_size=1)
    with pytest.raises(ValueError, match=r"dropped must be in \[0, 1\], got 2"):
        DropoutNetConfig(dropped=2)
