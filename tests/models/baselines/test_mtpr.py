"""Both views by hand, the four tasks, and cold items in the cold view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from models.baselines import mtpr
from models.baselines.mtpr import Mtpr, MtprConfig
from models.baselines.warm_pairs import Triples
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

BATCH = Triples(torch.tensor([0, 1]), torch.tensor([0, 1]), torch.tensor([3, 2]))


def model_by_hand(**changes: Any) -> Mtpr:
    """Values of ordinary size, since the method starts near zero."""
    config = MtprConfig(**{"d": 2, "table_l2": 0.0, "map_l2": 0.0, "item_map_l2": 0.0, **changes})
    model = Mtpr(by_hand(), config, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for rows in model.parameters():
            rows.mul_(80)
    return model


def test_views_are_the_map_of_both_halves_and_of_the_content_alone():
    model = model_by_hand()
    items = torch.tensor([2, 0])
    content = model.warm_texts[items] @ model.content_map
    own = model.item_rows[items]
    normal, cold = model.views(items)
    expected = torch.cat((own, content), dim=1) @ model.item_map
    torch.testing.assert_close(normal, expected)
    torch.testing.assert_close(cold, torch.cat((torch.zeros_like(own), content), dim=1) @ model.item_map)


def test_loss_is_the_sum_of_four_rankings():
    model = model_by_hand()
    users = (model.user_rows @ model.user_map)[BATCH.users].detach().numpy()
    seen = [view.detach().numpy() for view in model.views(BATCH.positives)]
    unseen = [view.detach().numpy() for view in model.views(BATCH.negatives)]
    expected = sum(
        np.log1p(np.exp(-(users[n] @ high[n] - users[n] @ low[n])))
        for n in range(2)
        for high in seen
        for low in unseen
    )
    assert model.loss(BATCH).item() == pytest.approx(expected, rel=1e-5)


def test_penalty_by_hand():
    model = model_by_hand(table_l2=1.0, map_l2=2.0, item_map_l2=3.0)
    with torch.no_grad():
        for rows in model.parameters():
            rows.fill_(1.0)
    # batch rows: 2 users of 4, 4 items of 2; maps: content 4 x 2, users 4 x 2, items 4 x 2
    assert model.penalty(BATCH).item() == pytest.approx(1 * (8 + 8) + 2 * (8 + 8) + 3 * 8)


def test_factors_use_the_cold_view_for_cold_items():
    model = model_by_hand()
    factors = model.factors()
    normal, _ = model.views(torch.arange(4))
    np.testing.assert_allclose(factors.items[[0, 2, 3, 5]], normal.detach(), rtol=1e-4, atol=1e-5)
    content = model.texts[[1, 4]] @ model.content_map
    cold = torch.cat((torch.zeros_like(content), content), dim=1) @ model.item_map
    np.testing.assert_allclose(factors.items[[1, 4]], cold.detach(), rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        model.item_rows.mul_(5)
    np.testing.assert_array_equal(model.factors().items[[1, 4]], factors.items[[1, 4]])


def test_finds_the_topic_of_cold_items():
    config = MtprConfig(d=8, epochs=5, batch_size=128, patience=None)
    one, two = (mtpr.fit(rival_input(), config=config) for _ in range(2))
    assert found(one) > 0.7
    np.testing.assert_array_equal(one.items, two.items)


@pytest.mark.parametrize("name", ["d", "table_l2", "map_rate", "epochs"])
def test_refusals(name: str):
    with pytest.raises(ValueError, match=f"{name} must be"):
        MtprConfig(**{name: -1})
