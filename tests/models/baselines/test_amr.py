"""The worst change by hand, the loss from VBPR's parts, and the two stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.baselines import amr, vbpr
from models.baselines.amr import Amr, AmrConfig, worst_change
from models.baselines.vbpr import Vbpr, VbprConfig
from models.baselines.warm_pairs import Triples
from models.training import EpochReport
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

BATCH = Triples(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 0]), torch.tensor([3, 0, 2]))


def small(**changes: Any) -> AmrConfig:
    settings = {"d": 4, "content_d": 6, "epochs": 3, "adversarial_epochs": 2, "batch_size": 128}
    return AmrConfig(**{**settings, "patience": None, **changes})


def hand_model(config: AmrConfig) -> Amr:
    return Amr(Vbpr(by_hand(), config, generator=torch.Generator().manual_seed(0)), config)


def test_worst_change_by_hand():
    content = torch.tensor([[1.0, 1.0], [5.0, 5.0], [2.0, 2.0]], requires_grad=True)
    loss = (content[0] * torch.tensor([3.0, 4.0])).sum() + 7 * content[1, 1]
    change = worst_change(loss, content, length=0.5)
    np.testing.assert_allclose(change, [[0.3, 0.4], [0.0, 0.5], [0.0, 0.0]], atol=1e-6)
    assert not change.requires_grad


def test_loss_by_hand():
    """Item 0 is seen twice and unseen once: its change comes from the sum of the three gradients."""
    config = small(perturbation=0.3, adversarial_weight=2.0)
    model = hand_model(config)
    inner = model.vbpr
    users = (
        inner.user_content @ inner.content_map.T + inner.content_bias
    )  # (U, H): margin = users.(c_i - c_j)
    texts = inner.warm_texts
    own = inner.margin(BATCH, torch.zeros(3, 4), torch.zeros(3, 4))
    gap = texts[BATCH.positives] - texts[BATCH.negatives]
    margin = own + (users[BATCH.users] * gap).sum(dim=1)
    pull = torch.sigmoid(-margin)[:, None] * users[BATCH.users]
    gradient = torch.zeros_like(texts)
    gradient.index_add_(0, BATCH.positives, -pull)
    gradient.index_add_(0, BATCH.negatives, pull)
    changed = texts + 0.3 * nn.functional.normalize(gradient, dim=1)
    worse = own + (users[BATCH.users] * (changed[BATCH.positives] - changed[BATCH.negatives])).sum(dim=1)
    expected = nn.functional.softplus(-margin).sum() + 2 * nn.functional.softplus(-worse).sum()
    assert model.loss(BATCH).item() == pytest.approx((expected + inner.penalty(BATCH)).item(), rel=1e-5)


def test_without_adversary_the_loss_is_vbprs():
    model = hand_model(small(adversarial_weight=0.0))
    assert model.loss(BATCH).item() == pytest.approx(model.vbpr.loss(BATCH).item(), rel=1e-6)


def test_content_collects_no_gradient():
    model = hand_model(small())
    model.loss(BATCH).backward()
    assert model.vbpr.warm_texts.grad is None
    assert model.vbpr.content_map.grad.abs().sum() > 0


def test_goes_on_from_vbpr_and_finds_the_topic():
    reports: list[EpochReport] = []
    factors = amr.fit(rival_input(), config=small(), on_epoch=reports.append)
    assert [report.epoch for report in reports] == [1, 2, 3, 1, 2]
    assert found(factors) > 0.7
    first = vbpr.fit(
        rival_input(), config=VbprConfig(d=4, content_d=6, epochs=3, batch_size=128, patience=None)
    )
    assert first.items.shape == factors.items.shape
    assert not np.array_equal(first.items, factors.items)


@pytest.mark.parametrize("name", ["perturbation", "adversarial_weight", "adversarial_epochs", "d"])
def test_refusals(name: str):
    with pytest.raises(ValueError, match=f"{name} must be"):
        AmrConfig(**{name: -1})
