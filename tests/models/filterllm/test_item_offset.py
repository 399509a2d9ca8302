"""What is added to all of an item's scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.filterllm.distribution import FilterLLM
from models.filterllm.item_offset import (
    APPEALS,
    POPULARITIES,
    USUAL_WEIGHTS,
    OffsetWeights,
    choose_offset,
    leaves_open,
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
    wanted = OffsetWeights(1.0, 4.0)
    target = with_offset(*model.answers(NEW), wanted)[:, -1]

    def by_part(answers: Any) -> np.ndarray:
        assert np.array_equal(answers.user_factors(), model.user_factors())
        return np.exp(-np.abs(answers.relevance_factors(NEW)[:, -1] - target))  # one of both, and one part

    choose_offset(model, by_part)
    assert model.offset_weights == wanted
    np.testing.assert_allclose(model.relevance_factors(NEW)[:, -1], target, atol=1e-4)


def test_weights_that_harm_more_in_one_part_than_they_help_in_another_are_not_taken(
    world: TinyWorld, encoder: str
) -> None:
    model = fitted(world, encoder)

    def by_part(answers: Any) -> np.ndarray:
        return np.array([2.0, 9.0, 0.02] if answers.weights == (1.0, 2.0) else [1.0, 1.0, 1.0])

    choose_offset(model, by_part)
    assert model.offset_weights == USUAL_WEIGHTS == (0.6, 0.0)


def test_all_items_together_have_as_much_of_a_say_as_their_parts(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder)

    def by_part(answers: Any) -> np.ndarray:
        return np.array([2.0, 1.0, 0.36] if answers.weights == (1.0, 2.0) else [1.0, 1.0, 1.0])

    choose_offset(model, by_part)
    assert model.offset_weights == (1.0, 2.0)


def test_beside_the_popularity_the_normaliser_does_not_count(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder)
    seen = tried(model)
    assert [weights for weights in seen if weights.popularity] == [(1.0, one) for one in POPULARITIES if one]
    assert [weights.appeal for weights in seen if not weights.popularity] == list(APPEALS)
    given = fitted(world, encoder, popularity_weight=2.0)
    assert tried(given) == [(one, 2.0) for one in APPEALS]


def test_where_a_part_says_nothing_the_weights_stay(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder)
    model.go_on_with(OffsetWeights(0.5, 0.5))
    choose_offset(model, lambda answers: np.array([1.0, answers.weights.popularity, np.nan]))
    assert model.offset_weights == (0.5, 0.5)


def test_what_the_settings_fix_is_not_tried(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder, appeal_weight=0.3, popularity_weight=1.5)
    assert not leaves_open(model.config)
    assert model.offset_weights == (0.3, 1.5)
    assert tried(model) == [(0.3, 1.5)]
    model.go_on_with(OffsetWeights(0.9, 4.0))
    assert model.offset_weights == (0.3, 1.5)


def test_without_a_regression_on_texts_there_is_no_popularity(world: TinyWorld, encoder: str) -> None:
    model = fitted(world, encoder, text_weight=0.0)
    assert [weights.popularity for weights in tried(model)] == [0.0] * len(APPEALS)
    assert not model.answers(NEW)[1].any()


def tried(model: FilterLLM) -> list[OffsetWeights]:
    seen: list[OffsetWeights] = []

    def by_part(answers: Any) -> np.ndarray:
        seen.append(answers.weights)
        return np.zeros(2)

    choose_offset(model, by_part)
    return seen


def test_each_text_is_read_once_for_all_weights(
    world: TinyWorld, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = fitted(world, encoder), []
    answers = FilterLLM.answers

    def counted(self: FilterLLM, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        asked.append(len(texts))
        return answers(self, texts)

    monkeypatch.setattr(FilterLLM, "answers", counted)
    choose_offset(model, lambda one: np.exp(one.relevance_factors(NEW)[:, -1]))
    assert asked == [2]
