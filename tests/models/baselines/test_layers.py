"""Initial values, masks and sizes of the rivals' layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from models.baselines.layers import GeneratorDropout, half_squared_weights, linear, standardised


@pytest.mark.parametrize(
    ("start", "deviation"),
    [("xavier_uniform", 0.1), ("xavier_normal", 0.1), ("truncated_normal", 0.0088)],
)
def test_linear_draws_from_the_generator_alone(start, deviation):
    state = torch.get_rng_state()
    one, two = (linear(100, 100, start=start, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    torch.testing.assert_close(one.weight, two.weight, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert float(one.weight.detach().std()) == pytest.approx(deviation, rel=0.05)
    assert not one.bias.any()


def test_dropout_keeps_the_mean_and_is_silent_in_evaluation():
    dropout = GeneratorDropout(0.25, generator=torch.Generator().manual_seed(0))
    ones = torch.ones(100, 100)
    out = dropout(ones)
    assert out.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert float(out.mean()) == pytest.approx(1, abs=0.03)
    assert dropout.eval()(ones) is ones


def test_only_maps_count_in_the_weights():
    first = linear(2, 1, start="xavier_uniform", generator=torch.Generator())
    nn.init.constant_(first.weight, 3.0)
    nn.init.constant_(first.bias, 100.0)
    assert float(half_squared_weights(nn.Sequential(first, nn.BatchNorm1d(1))).detach()) == 9.0


def test_standardised_by_hand():
    rows = np.array([[1.0, 5.0], [3.0, 5.0], [9.0, 7.0]], dtype=np.float32)
    by = np.array([0, 1])  # mean (2, 5), deviation (1, 0)
    np.testing.assert_array_equal(standardised(rows, by=by, limit=5.0), [[-1, 0], [1, 0], [5, 0]])
