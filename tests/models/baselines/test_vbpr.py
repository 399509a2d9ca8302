"""The margin and the loss by hand, cold items without a part of their own, and the settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.baselines import vbpr
from models.baselines.amr import AmrConfig
from models.baselines.vbpr import Vbpr, VbprConfig
from models.baselines.warm_pairs import Triples
from tests.models.baselines.rival_worlds import by_hand, found, rival_input, with_validation

BATCH = Triples(torch.tensor([0]), torch.tensor([0]), torch.tensor([3]))


def small(**changes: Any) -> VbprConfig:
    return VbprConfig(**{"d": 4, "content_d": 6, "epochs": 5, "batch_size": 128, "patience": None, **changes})


def one_number_each(**changes: Any) -> Vbpr:
    """All vectors one number long: p = 2, q = 1, 0, 0, -1, r = 3, E and b' of ones over 4 coordinates."""
    model = Vbpr(
        by_hand(),
        VbprConfig(d=1, content_d=1, l2=0.5, content_l2=0.25, **changes),
        generator=torch.Generator().manual_seed(0),
    )
    with torch.no_grad():
        model.user_rows.fill_(2.0)
        model.item_rows.copy_(torch.tensor([[1.0], [0.0], [0.0], [-1.0]]))
        model.user_content.fill_(3.0)
        model.content_map.fill_(1.0)
        model.content_bias.fill_(1.0)
        model.item_bias.copy_(torch.tensor([0.5, 0.0, 0.0, 0.0]))
    return model


def test_loss_by_hand():
    model = one_number_each()
    gap = float(model.warm_texts[0].sum() - model.warm_texts[3].sum())
    # p (q_i - q_j) + b_i - b_j + r E (c_i - c_j) + b' (c_i - c_j)
    margin = 2 * (1 + 1) + 0.5 + 3 * gap + gap
    rows = 2**2 + 3**2 + 1 + 1 + 0.5**2
    expected = math.log1p(math.exp(-margin)) + 0.5 * rows + 0.25 * (4 + 4)
    assert model.loss(BATCH).item() == pytest.approx(expected, rel=1e-5)


def test_a_triple_without_its_own_part_is_ranked_by_content():
    model = one_number_each(id_dropout=1.0)
    gap = float(model.warm_texts[0].sum() - model.warm_texts[3].sum())
    expected = math.log1p(math.exp(-4 * gap)) + model.penalty(BATCH).item()
    assert model.loss(BATCH).item() == pytest.approx(expected, rel=1e-5)


def test_factors_score_as_the_margin_does_and_cold_items_have_no_part_of_their_own():
    model = one_number_each()
    factors = model.factors()
    scores = factors.scores(np.array([0]), np.array([0, 5]))  # positions 0 and 3
    texts = model.warm_texts
    margin = model.margin(BATCH, texts[[0]], texts[[3]]).item()
    assert scores[0, 0] - scores[0, 1] == pytest.approx(margin, rel=1e-5)
    assert not factors.items[[1, 4], :1].any()
    cold = model.texts[[1, 4]].sum(dim=1)  # b' c
    np.testing.assert_allclose(factors.items[[1, 4], 2], cold, rtol=1e-5)


def test_finds_the_topic_of_cold_items():
    assert found(vbpr.fit(rival_input(), config=small())) > 0.7


def test_start_from_collaborative_vectors_takes_their_width():
    data = rival_input(d=5)
    model = Vbpr(data, small(start="collaborative"), generator=torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(model.user_rows.detach(), data.user_vectors)
    np.testing.assert_array_equal(model.item_rows.detach(), data.warm_vectors)
    before = data.user_vectors.copy()
    vbpr.fit(data, config=small(start="collaborative", epochs=1))
    np.testing.assert_array_equal(data.user_vectors, before)


def test_same_seed_same_bits_and_the_best_epoch_is_kept():
    one, two = (vbpr.fit(rival_input(), config=small(epochs=2, id_dropout=0.5)) for _ in range(2))
    np.testing.assert_array_equal(one.items, two.items)
    data, shown = with_validation(rival_input(), [0.1, 0.3, 0.2])
    kept = vbpr.fit(data, config=small(epochs=3))
    np.testing.assert_array_equal(kept.items, shown[1].items)


def test_tuned_settings_are_settings():
    assert VbprConfig.tuned() != VbprConfig()
    assert isinstance(AmrConfig.tuned(), AmrConfig)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "mf"}, "start must be 'drawn' or 'collaborative', got 'mf'"),
        ({"content_d": 0}, "content_d must be at least 1"),
        ({"id_dropout": 1.5}, r"id_dropout must be in \[0, 1\]"),
        ({"l2": -1.0}, "l2 must be at least 0"),
        ({"content_rate": 0.0}, "content_rate must be above 0"),
    ],
)
def test_refusals(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        VbprConfig(**changes)
