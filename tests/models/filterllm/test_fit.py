from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.fit import fit_filterllm
from models.filterllm.item_offset import APPEALS, POPULARITIES
from models.filterllm.language_model import load_language_model
from models.training import EpochReport
from tests.models.filterllm.conftest import N_USERS, TinyWorld, fit_tiny, tiny_config

pytestmark = pytest.mark.slow

CAMP = np.arange(N_USERS) // 6
NOTHING_OPEN = {"appeal_weight": 0.6, "popularity_weight": 0.0}  # validation is asked once an epoch


def log_probabilities(model: FilterLLM, texts: list[str]) -> np.ndarray:
    return model.user_factors() @ model.item_factors(texts).T


def camps_told_apart(model: FilterLLM, world: TinyWorld) -> np.ndarray:
    """Mean share of the probability that the right camp gets, for the items of either camp."""
    probabilities = np.exp(log_probabilities(model, world.texts))  # (U, W)
    item_camp = np.array([text.startswith("market") for text in world.texts]).astype(int)
    return np.array([probabilities[camp == CAMP][:, item_camp == camp].sum(axis=0).mean() for camp in (0, 1)])


@pytest.mark.parametrize("recipe", ["default", "reference"])
def test_it_learns_who_likes_what(recipe: str, world: TinyWorld, encoder: str) -> None:
    config = tiny_config(encoder, epochs=20)
    if recipe == "reference":
        reference = FilterLLMConfig.reference()
        names = ("mapper", "similarity", "behaviour_weight", "mirrored_weight", "text_weight")
        config = dataclasses.replace(config, **{name: getattr(reference, name) for name in names})
    assert np.all(camps_told_apart(fit_tiny(world, config), world) > 0.7)


def test_a_causal_model_learns_as_well(world: TinyWorld, decoder: str) -> None:
    model = fit_tiny(world, tiny_config(decoder, epochs=15))
    assert np.all(camps_told_apart(model, world) > 0.8)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_base_weights_are_bitwise_unchanged_and_the_adapter_has_moved(
    dtype: str, world: TinyWorld, encoder: str
) -> None:
    model = fit_tiny(world, tiny_config(encoder, dtype=dtype))
    assert model.language_model.base_digest() == load_language_model(encoder).digest
    second = [value for name, value in model.language_model.adapter_state().items() if ".lora_B." in name]
    assert all(bool(value.any()) for value in second)


def test_same_seed_same_bits(world: TinyWorld, encoder: str, fitted: FilterLLM) -> None:
    torch.manual_seed(123)  # the global generator must not matter
    again = fit_tiny(world, tiny_config(encoder))
    for name, value in fitted.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_permuting_users_permutes_the_distribution(world: TinyWorld, encoder: str, fitted: FilterLLM) -> None:
    order = np.random.default_rng(5).permutation(N_USERS)
    permuted = fit_tiny(world.with_users_permuted(order), tiny_config(encoder))
    np.testing.assert_allclose(
        log_probabilities(permuted, world.texts), log_probabilities(fitted, world.texts)[order], atol=2e-3
    )


def test_behaviour_guiding_pulls_towards_the_collaborative_vectors(world: TinyWorld, encoder: str) -> None:
    closeness = []
    for weight in (0.0, 1000.0):
        model = fit_tiny(world, tiny_config(encoder, behaviour_weight=weight, epochs=8))
        features = torch.from_numpy(model.adapted_features(world.texts))
        with torch.no_grad():
            mapped = model.map_texts(features)
        targets = torch.from_numpy(world.embeddings.warm_items)
        closeness.append(torch.nn.functional.cosine_similarity(mapped, targets).mean().item())
    assert closeness[1] > closeness[0] + 0.05


def test_tokens_of_another_width(world: TinyWorld, encoder: str) -> None:
    model = fit_tiny(world, tiny_config(encoder, token_size=2, text_weight=0.0))
    assert model.vocabulary.tokens.shape == (N_USERS, 2)
    assert not model.fusion.numel()


def test_epochs_are_counted_through_both_stages(world: TinyWorld, encoder: str) -> None:
    seen: list[EpochReport] = []
    fit_tiny(world, tiny_config(encoder, lora_epochs=2), on_epoch=seen.append)
    assert [(report.epoch, report.epochs) for report in seen] == [(n, 4) for n in range(1, 5)]
    assert all(report.validation is None for report in seen)


def test_what_lowers_validation_is_undone(world: TinyWorld, encoder: str) -> None:
    values = iter([0.1, 0.3, 0.25])  # two epochs of stage 1, one of stage 2
    states = []

    def validate(model: FilterLLM) -> float:
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        return next(values)

    model = fit_tiny(world, tiny_config(encoder, **NOTHING_OPEN), validate=validate)
    assert len(states) == 3
    for name in ("mapper.0.weight", "log_scale", "text_weight", "vocabulary.bias"):
        assert torch.equal(model.state_dict()[name], states[1][name]), name
    second = [value for name, value in model.language_model.adapter_state().items() if ".lora_B." in name]
    assert not any(bool(value.any()) for value in second)


def test_the_offset_is_chosen_at_first_and_for_the_finished_model(world: TinyWorld, encoder: str) -> None:
    asked: list[str] = []

    def validate(model: Any) -> float:
        asked.append("whole")
        return 0.0

    def by_part(answers: Any) -> np.ndarray:
        asked.append("parts")
        return np.zeros(5)

    config = tiny_config(encoder, epochs=2, lora_epochs=0)
    fit_tiny(world, config, validate=validate, by_part=by_part)
    choice = ["parts"] * (len(APPEALS) + len(POPULARITIES) - 1)
    assert asked == [*choice, "whole", "whole", *choice]
    fixed = dataclasses.replace(config, **NOTHING_OPEN)
    asked.clear()
    fit_tiny(world, fixed, validate=validate, by_part=by_part)
    assert asked == ["whole", "whole"]


def test_patience_ends_a_stage(world: TinyWorld, encoder: str) -> None:
    values = iter([0.5, 0.4, 0.3])
    seen: list[EpochReport] = []
    config = tiny_config(encoder, epochs=9, lora_epochs=0, text_weight=0.0, patience=2, **NOTHING_OPEN)
    fit_tiny(world, config, validate=lambda model: next(values), on_epoch=seen.append)
    assert len(seen) == 3


def test_refusals(world: TinyWorld, encoder: str) -> None:
    config, texts, train, vectors = tiny_config(encoder), world.texts, world.train, world.embeddings
    with pytest.raises(ValueError, match=r"texts must have one entry per warm item \(40\), got 39"):
        fit_filterllm(texts[1:], train, vectors, config=config)
    with pytest.raises(ValueError, match=r"train must be pairs of shape \(N, 2\)"):
        fit_filterllm(texts, train[:0], vectors, config=config)
    fewer = CollaborativeEmbeddings(vectors.users[:-1], vectors.warm_items, vectors.warm_item_index)
    with pytest.raises(ValueError, match=r"user_index 11, but embeddings\.users has 11 rows"):
        fit_filterllm(texts, train, fewer, config=config)
    stranger = np.setdiff1d(np.arange(100), vectors.warm_item_index)[0]
    with pytest.raises(ValueError, match=f"item_index {stranger}, which is not in"):
        fit_filterllm(texts, np.vstack([train, [0, stranger]]), vectors, config=config)
    first = vectors.warm_item_index[0]
    with pytest.raises(ValueError, match=f"warm item {first} has no pair in train"):
        fit_filterllm(texts, train[train[:, 1] != first], vectors, config=config)
