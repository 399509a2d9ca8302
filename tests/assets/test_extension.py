"""What an extending retrain does less of, and where it begins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.extension import ExtensionConfig, rows_of
from data.id_map import IdMap
from models.filterllm.config import FilterLLMConfig
from models.filterllm.item_pruning import ItemPruning


def test_a_training_is_shortened_and_never_lengthened() -> None:
    config = ExtensionConfig(epochs=2, distillation_epochs=1)
    given = FilterLLMConfig(epochs=5, constant_epochs=2, lora_epochs=3, distillation_epochs=4)
    short = config.shortened(given)
    assert (short.epochs, short.constant_epochs, short.lora_epochs, short.distillation_epochs) == (2, 2, 2, 1)
    assert short.learning_rate == pytest.approx(1.5 * given.learning_rate)
    assert ExtensionConfig(rate=3.0).shortened(given).learning_rate == pytest.approx(3 * given.learning_rate)
    shorter = config.shortened(FilterLLMConfig(epochs=1, constant_epochs=1, distillation_epochs=0))
    assert (shorter.epochs, shorter.lora_epochs, shorter.distillation_epochs) == (1, 0, 0)


def test_a_warm_start_is_told_all_of_it() -> None:
    config = ExtensionConfig(shrink=0.7, perturb=0.2, share_of_items=0.4, effort_weight=2.0, strata=7)
    model: Any = SimpleNamespace(n_users=3)
    start = config.warm_start(model, np.array([0, 2, -1]), ["a text"])
    assert start.model is model
    assert (start.shrink, start.perturb, start.texts) == (0.7, 0.2, ["a text"])
    assert start.pruning == ItemPruning(share=0.4, effort_weight=2.0, strata=7)
    np.testing.assert_array_equal(start.user_rows, [0, 2, -1])
    assert ExtensionConfig().share_of_items == 1  # pruning is off unless asked for


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sweeps": 0}, "sweeps must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"distillation_epochs": -1}, "distillation_epochs must be at least 0"),
        ({"perturb": -0.1}, "perturb must be at least 0"),
        ({"effort_weight": -1.0}, "effort_weight must be at least 0"),
        ({"strata": 0}, "strata must be at least 1"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"shrink": 0.0}, "shrink must be in"),
        ({"share_of_items": 0.0}, "share_of_items must be in"),
        ({"share_of_items": 1.1}, "share_of_items must be in"),
        ({"version": 0}, "version must be at least 1 or None"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ExtensionConfig(**changes)


def test_rows_in_the_earlier_map() -> None:
    np.testing.assert_array_equal(rows_of(IdMap(["a", "b"]), IdMap(["b", "c", "a"])), [1, -1, 0])
