"""Every term by hand; cold topics found through the experts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import heater
from models.baselines.heater import Heater, HeaterConfig, Judged
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = HeaterConfig(experts=2, width=4, likeness_weight=0.3, l2=0.2)
TOY = HeaterConfig(width=8, negatives=2, epochs=4, learning_rate=0.2, likeness_weight=1e-3)


def weights_of(layer):
    """A map's weights and bias as arrays."""
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def test_loss_by_hand():
    model = Heater(by_hand(), SMALL, generator=torch.Generator().manual_seed(0)).eval()
    batch = Judged(
        torch.tensor([1, 4]), torch.tensor([0, 3]), torch.tensor([True, False]), torch.tensor([1.0, 0.0])
    )
    texts = model.texts[torch.tensor([0, 5])].numpy()
    gate_weights, gate_bias = weights_of(model.gate)
    gate = np.tanh(texts @ gate_weights.T + gate_bias)
    imitated = np.zeros((2, 3))
    for m, expert in enumerate(model.experts):
        weights, bias = weights_of(expert)
        imitated += gate[:, m : m + 1] * np.tanh(texts @ weights.T + bias)
    imitated = np.tanh(imitated)
    known = model.items[torch.tensor([0, 3])].numpy()
    shown = torch.from_numpy(np.stack((imitated[0], known[1]))).float()
    items = model.item_tower(shown).detach().numpy()
    users = model.user_tower(model.users[torch.tensor([1, 4])]).detach().numpy()
    error = ((np.array([1.0, 0.0]) - (users * items).sum(axis=1)) ** 2).mean()
    maps = [*model.experts, model.gate, model.user_tower[0], model.user_tower[3]]
    maps += [model.item_tower[0], model.item_tower[3]]
    size = sum((weights_of(each)[0] ** 2).sum() for each in maps) / 2
    expected = error + 0.3 * ((imitated - known) ** 2).sum() + 0.2 * size
    assert float(model.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


def test_item_vectors_stay_within_reach_of_the_experts():
    model = Heater(rival_input(), SMALL, generator=torch.Generator())
    assert float(model.items.abs().max()) <= 1
    assert float(model.users.abs().max()) > 1


def test_cold_topics_are_found():
    assert found(heater.fit(rival_input(), config=TOY)) > 0.8


def test_refusals():
    with pytest.raises(ValueError, match="experts must be at least 1, got 0"):
        HeaterConfig(experts=0)
    with pytest.raises(ValueError, match="l2 must be at least 0, got -1"):
        HeaterConfig(l2=-1)
