"""Each term of the loss by hand, clusters, and rebuilt items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.baselines import gorec
from models.baselines.gorec import GoRec, GoRecConfig, cluster_means, divergence, uniformity
from models.baselines.text_directions import text_directions
from tests.models.baselines.rival_worlds import by_hand, found, rival_input


def small(**changes: Any) -> GoRecConfig:
    settings = {"hidden": 32, "latent": 8, "clusters": 4, "batch_size": 32, "epochs": 12, "patience": None}
    return GoRecConfig(**{**settings, "uniformity_weight": 0.01, "divergence_weight": 0.1, **changes})


def model_by_hand(**changes: Any) -> GoRec:
    return GoRec(by_hand(), small(**changes), generator=torch.Generator().manual_seed(0))


def test_uniformity_by_hand():
    # directions at right angles: squared distances 2, 2, 4
    codes = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    expected = math.log((2 * math.exp(-4) + math.exp(-8)) / 3)
    assert uniformity(codes).item() == pytest.approx(expected, rel=1e-5)


def test_uniformity_of_equal_codes_has_a_finite_gradient():
    codes = torch.ones(3, 2, requires_grad=True)
    uniformity(codes).backward()
    assert codes.grad.isfinite().all()


def test_divergence_by_hand():
    """p = (1/2, 1/2) of the text, q = (3/4, 1/4): sum of p ln(p / q), over two coordinates."""
    text, whole = torch.tensor([[0.0, 0.0]]), torch.tensor([[math.log(3), 0.0]])
    expected = (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)) / 2
    assert divergence(text, whole).item() == pytest.approx(expected, rel=1e-5)
    assert divergence(whole, whole).item() == pytest.approx(0, abs=1e-7)


def test_loss_adds_the_weighted_terms():
    batch = torch.arange(4)
    values = {}
    for uniform, diverge in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (2.0, 3.0)):
        model = model_by_hand(uniformity_weight=uniform, divergence_weight=diverge)
        values[uniform, diverge] = model.loss(batch).item()
    base = values[0, 0]
    expected = base + 2 * (values[1, 0] - base) + 3 * (values[0, 1] - base)
    assert values[2, 3] == pytest.approx(expected, rel=1e-4)


def test_rebuilding_error_by_hand():
    model = model_by_hand(uniformity_weight=0.0, divergence_weight=0.0)
    with torch.no_grad():  # no noise, and a decoder that always says 0.5
        for layer in (model.log_variance, model.text_log_variance):
            layer.bias.fill_(-60.0)
            layer.weight.zero_()
        model.decoder[-1].weight.zero_()
        model.decoder[-1].bias.fill_(0.5)
    expected = ((0.5 - by_hand().warm_vectors) ** 2).mean()
    assert model.loss(torch.arange(4)).item() == pytest.approx(expected, rel=1e-5)


def test_clusters_are_of_vectors_and_cold_items_join_by_text():
    data = rival_input()
    texts = text_directions(data.features, data.warm_items)
    guessed = cluster_means(data, texts, clusters=4)
    assert guessed.shape == (data.n_items, data.warm_vectors.shape[1])
    assert len(np.unique(guessed, axis=0)) == 4
    rows, counts = np.unique(guessed[data.warm_items], axis=0, return_counts=True)
    np.testing.assert_allclose(
        (rows * counts[:, None]).sum(axis=0), data.warm_vectors.sum(axis=0), rtol=1e-3, atol=1e-4
    )
    everyone = cluster_means(
        by_hand(), text_directions(by_hand().features, by_hand().warm_items), clusters=99
    )
    np.testing.assert_allclose(everyone[[0, 2, 3, 5]], by_hand().warm_vectors, rtol=1e-5)


@pytest.mark.slow
def test_finds_the_topic_of_cold_items_and_leaves_users_alone():
    data = rival_input()
    one, two = (gorec.fit(data, config=small()) for _ in range(2))
    assert found(one) > 0.8
    np.testing.assert_array_equal(one.users, data.user_vectors)
    np.testing.assert_array_equal(one.items, two.items)


def test_a_cold_items_own_vector_is_never_read():
    """Inference sees text and cluster only, for warm items too."""
    model = model_by_hand()
    model.train(False)
    before = model.factors().items
    model.items.add_(7.0)
    np.testing.assert_array_equal(model.factors().items, before)


@pytest.mark.parametrize("name", ["hidden", "clusters", "uniformity_weight", "dropout", "learning_rate"])
def test_refusals(name: str):
    with pytest.raises(ValueError, match=f"{name} must be"):
        GoRecConfig(**{name: -1})
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\), got 1.0"):
        GoRecConfig(dropout=1.0)
