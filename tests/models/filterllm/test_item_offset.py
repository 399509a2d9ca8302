"""What is added to all of an item's scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.filterllm.distribution import FilterLLM
from models.filterllm.item_offset import (
    APPEALS,
    POPULARITIES,
    OffsetWeights,
    choose_offset,
    leaves_open,
    usual_weights,
    with_offset,
)
from tests.models.filterllm.conftest import TinyWorld, fit_tiny, tiny_config

NEW = ["graph of trees", "song of rain"]


def test_the_offset_is_the_last_number() -> None:
    factors = np.array([[3.0, -2.0], [4.0, -1.0]], dtype=np.float32)
    popularity = np.array([0.5, -0.5], dtype=np.float32)
    found = with_offset(factors, popularity, OffsetWeights(appeal=0.75, popularity=2.0))
    assert found.tolist() == [[3.0, -0.5 + 1.0], [4.0, -0.25 - 1.0]]
    assert factors[:, -1].tolist() == [-2.0, -1.0]


def fitted(world: TinyWorld, encoder: str, **changes: Any) -> FilterLLM:
    return fit_tiny(world, tiny_config(encoder, **changes))


def test_the_best_weights_on_validation_are_kept(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder)
    wanted = OffsetWeights(0.8, 4.0)
    target = with_offset(*model.answers(NEW), wanted)[:, -1]

    def validate(answers: Any) -> float:
        assert np.array_equal(answers.user_factors(), model.user_factors())
        return -float(np.abs(answers.relevance_factors(NEW)[:, -1] - target).sum())

    assert choose_offset(model, validate) == pytest.approx(0, abs=1e-4)
    assert model.offset_weights == wanted
    np.testing.assert_allclose(model.relevance_factors(NEW)[:, -1], target, atol=1e-4)


def test_of_equals_the_usual_ones_are_kept(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder)
    model.offset.zero_()
    choose_offset(model, lambda answers: 1.0)
    assert model.offset_weights == usual_weights(None, None) == (APPEALS[0], POPULARITIES[0])


def test_what_the_settings_fix_is_not_tried(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder, appeal_weight=0.3, popularity_weight=1.5)
    assert not leaves_open(model.config)
    assert model.offset_weights == (0.3, 1.5)
    seen = []
    choose_offset(model, lambda answers: seen.append(answers.weights) or 0.0)
    assert seen == [(0.3, 1.5)]


def test_without_a_regression_on_texts_there_is_no_popularity(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder, text_weight=0.0)
    seen = []
    choose_offset(model, lambda answers: seen.append(answers.weights.popularity) or 0.0)
    assert seen == [0.0] * len(APPEALS)
    assert not model.answers(NEW)[1].any()


def test_each_text_is_read_once_for_all_weights(
    world: TinyWorld, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = fitted(world, encoder), []
    answers = FilterLLM.answers
    monkeypatch.setattr(FilterLLM, "answers", lambda self, texts: asked.append(1) or answers(self, texts))
    choose_offset(model, lambda one: float(one.relevance_factors(NEW).sum()))
    assert asked == [1]
