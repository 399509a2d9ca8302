"""Every setting is checked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from models.collaborative.config import TUNED, BprConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "als"}, "model must be one of mf, lightgcn, ngcf, got 'als'"),
        ({"d": 0}, "d must be at least 1, got 0"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"validate_every": 0}, "validate_every must be at least 1"),
        ({"start": "ials"}, "start must be one of tuned, random, mf, got 'ials'"),
        ({"model": "mf", "start": "mf"}, "start must be random for the model mf"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"l2": -1.0}, "l2 must be at least 0"),
        ({"l2": float("nan")}, "l2 must be at least 0"),
        ({"negatives": 0}, "negatives must be at least 1"),
        ({"noisy_labels": "yes"}, "noisy_labels must be one of ignored, weighted, likelihood, got 'yes'"),
        ({"noise_d": 0}, "noise_d must be at least 1"),
        ({"noise_l2": -1.0}, "noise_l2 must be at least 0, got -1"),
        ({"message_dropout": 1.0}, r"message_dropout must be in \[0, 1\)"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BprConfig(**changes)


def test_round_trip_through_a_dictionary() -> None:
    config = BprConfig(model="ngcf", d=7, patience=None)
    assert BprConfig(**asdict(config)) == config


def test_what_is_left_open_is_as_tuned_for_the_model() -> None:
    assert BprConfig().resolved() == BprConfig(
        model="mf", learning_rate=1e-3, l2=1e-3, validate_every=10, start="random"
    )
    usual = TUNED["lightgcn"]
    assert BprConfig(model="lightgcn").tuned == usual
    changed = BprConfig(model="lightgcn", l2=0.0, start="random").tuned
    assert changed == usual._replace(l2=0.0, start="random")
    assert BprConfig(model="lightgcn", learning_rate=0.1).tuned == usual._replace(learning_rate=0.1)


def test_the_start_of_a_graph_model_has_its_own_tuned_settings_and_all_else_of_the_model() -> None:
    config = BprConfig(model="ngcf", d=7, seed=3, learning_rate=0.5, validate_every=4, start="mf")
    assert config.of_start() == BprConfig(model="mf", d=7, seed=3)
