"""Every term by hand; cold topics found through the experts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import heater
from models.baselines.contests import Contest, Shown
from models.baselines.heater import Heater, HeaterConfig
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = HeaterConfig(experts=2, width=4, likeness_weight=0.3, l2=0.2)
TOY = HeaterConfig(width=8, negatives=2, epochs=10, learning_rate=0.2, likeness_weight=1e-3)


def weights_of(layer):
    """A map's weights and bias as arrays."""
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def test_loss_by_hand():
    """Users 1 and 4 have seen positions 0 and 3; 2 and 3 are drawn, and 3 is no negative of user 4."""
    model = Heater(by_hand(), SMALL, generator=torch.Generator().manual_seed(0)).eval()
    contest = Contest(
        torch.tensor([1, 4]),
        torch.tensor([0, 3]),
        torch.tensor([2, 3]),
        torch.tensor([[False, False], [False, True]]),
    )
    batch = Shown(contest, torch.tensor([True, False]), torch.tensor([False, True]))
    positions, by_text = [0, 3, 2, 3], [True, False, False, True]
    texts = model.warm_texts[positions].numpy()
    gate_weights, gate_bias = weights_of(model.gate)
    gate = np.tanh(texts @ gate_weights.T + gate_bias)
    imitated = np.zeros((4, 3))
    for m, expert in enumerate(model.experts):
        weights, bias = weights_of(expert)
        imitated += gate[:, m : m + 1] * np.tanh(texts @ weights.T + bias)
    imitated = np.tanh(imitated)
    known = model.items[positions].numpy()
    shown = torch.from_numpy(np.where(np.array(by_text)[:, None], imitated, known)).float()
    items = model.item_tower(shown).detach().numpy()
    users = model.user_tower(model.users[torch.tensor([1, 4])]).detach().numpy()
    # five unseen pairs for a seen one, in equal parts of those drawn
    first = (1 - users[0] @ items[0]) ** 2 + 5 * ((users[0] @ items[2]) ** 2 + (users[0] @ items[3]) ** 2) / 2
    second = (1 - users[1] @ items[1]) ** 2 + 5 * (users[1] @ items[2]) ** 2
    maps = [*model.experts, model.gate, model.user_tower[0], model.user_tower[3]]
    maps += [model.item_tower[0], model.item_tower[3]]
    size = sum((weights_of(each)[0] ** 2).sum() for each in maps) / 2
    distances = ((imitated - known) ** 2).sum(axis=1)
    likeness = distances[:2].sum() + 10 * distances[2:].mean()
    expected = (first + second) / 12 + 0.3 * likeness + 0.2 * size
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
