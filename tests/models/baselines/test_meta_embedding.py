"""The inner step against automatic differentiation of second order; the two sets; warm rows stay."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from models.baselines import meta_embedding
from models.baselines.meta_embedding import Episodes, MetaEmbedding, MetaEmbeddingConfig, TwoSets, set_loss
from models.baselines.warm_pairs import WarmPairs
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = MetaEmbeddingConfig(cold_weight=0.3, inner_rate=2.0)
TOY = MetaEmbeddingConfig(epochs=3, learning_rate=0.1, inner_rate=1.0, batch_size=8)


def episodes(seed: int = 0) -> Episodes:
    """Two items of the world by hand; the first one's sets are shorter than the second's."""
    users = torch.tensor([[[0, 3, 0, 0], [1, 4, 0, 0]], [[0, 2, 4, 5], [3, 5, 1, 0]]])
    chose = torch.tensor([[[1.0, 0, 0, 0], [1, 0, 0, 0]], [[1, 1, 0, 0], [1, 1, 0, 0]]])
    share = torch.tensor([[[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]], [[0.25] * 4, [0.25] * 4]])
    return Episodes(torch.tensor([0, 1]), users, chose, share)


def outer_loss(model: MetaEmbedding, batch: Episodes) -> torch.Tensor:
    """The loss with the inner gradient from autograd, item by item."""
    total = torch.zeros(())
    for row in range(len(batch.items)):
        start = model.start(model.warm_texts[batch.items[row]])
        keep = batch.share[row, 0] > 0
        first, second = (model.users[batch.users[row, side, keep]] for side in (0, 1))
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        cold = entropy(first @ start, batch.chose[row, 0, keep])
        (slope,) = torch.autograd.grad(cold, start, create_graph=True)
        warmed = entropy(second @ (start - 2.0 * slope), batch.chose[row, 1, keep])
        total = total + 0.3 * cold + 0.7 * warmed
    return total / len(batch.items)


def test_loss_and_its_gradient_are_those_of_second_order():
    model = MetaEmbedding(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))
    loss, expected = model.loss(episodes()), outer_loss(model, episodes())
    torch.testing.assert_close(loss, expected)
    mine = torch.autograd.grad(loss, list(model.map.parameters()))
    theirs = torch.autograd.grad(expected, list(model.map.parameters()))
    for one, two in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, two)


def test_set_loss_by_hand():
    logits, chose = torch.tensor([[0.0, 1.0, 9.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    share = torch.tensor([[0.5, 0.5, 0.0]])
    expected = (np.log(2) + np.log1p(np.e)) / 2
    assert float(set_loss(logits, chose, share)) == pytest.approx(expected, rel=1e-6)


def test_sets_are_disjoint_and_half_of_each_chose_the_item():
    data = rival_input()
    pairs = WarmPairs.of(data)
    sets = TwoSets(pairs.of_items, n_users=data.n_users, at_most=4, draws=np.random.default_rng(0))
    assert (pairs.of_items.degrees[sets.usable] >= 2).all()
    batch = sets(sets.usable)
    for row, item in enumerate(batch.items.tolist()):
        keep = batch.share[row, 0] > 0
        readers = pairs.of_items.seen_by(item)
        assert int(keep.sum()) == 2 * min(4, len(readers) // 2)
        users = batch.users[row][:, keep].numpy()
        assert len(np.unique(users)) == users.size
        np.testing.assert_array_equal(np.isin(users, readers), batch.chose[row][:, keep].numpy() == 1)
        assert float(batch.share[row, 0].sum()) == pytest.approx(1)


def test_users_and_warm_items_stay_bitwise_and_cold_topics_are_found():
    data = rival_input()
    factors = meta_embedding.fit(data, config=TOY)
    np.testing.assert_array_equal(factors.users, data.user_vectors)
    np.testing.assert_array_equal(factors.items[data.warm_items], data.warm_vectors)
    assert found(factors) > 0.8


def test_the_inner_step_changes_what_is_learned():
    one, two = (
        meta_embedding.fit(rival_input(), config=MetaEmbeddingConfig(epochs=1, inner_rate=rate))
        for rate in (0.0, 5.0)
    )
    assert np.abs(one.items - two.items).max() > 1e-5


def test_refusals():
    with pytest.raises(ValueError, match=r"cold_weight must be in \[0, 1\], got -1"):
        MetaEmbeddingConfig(cold_weight=-1)
    lonely = dataclasses.replace(by_hand(), train=np.array([[0, 0], [1, 2], [2, 3], [3, 5]]))
    with pytest.raises(ValueError, match="no warm item has two users"):
        meta_embedding.fit(lonely)
