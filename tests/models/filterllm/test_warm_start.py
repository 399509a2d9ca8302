"""A training that goes on from an earlier model: what it keeps, what it perturbs, what it need not read again."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.filterllm.distribution import FilterLLM
from models.filterllm.fit import fit_filterllm
from models.filterllm.item_offset import OffsetWeights
from models.filterllm.language_model import LanguageModel
from models.filterllm.warm_start import WarmStart, earlier_tokens
from tests.models.filterllm.conftest import TinyWorld, fit_tiny, tiny_config


@pytest.fixture(scope="module")
def earlier(world: TinyWorld, encoder: str) -> FilterLLM:
    """Finished, without an adapter."""
    return fit_tiny(world, tiny_config(encoder, lora_epochs=0, epochs=6))


def everybody(model: FilterLLM) -> np.ndarray:
    return np.arange(model.n_users)


def distance(world: TinyWorld, one: FilterLLM, other: FilterLLM) -> float:
    """Mean distance of their log-probabilities, in nats."""
    answers = [model.user_factors() @ model.item_factors(world.texts).T for model in (one, other)]
    return float(np.abs(answers[0] - answers[1]).mean())


def test_a_fused_table_still_tells_the_learned_tokens(world: TinyWorld, encoder: str) -> None:
    unfused = fit_tiny(world, tiny_config(encoder, lora_epochs=0, text_weight=0.0))
    np.testing.assert_array_equal(earlier_tokens(unfused), unfused.vocabulary.tokens.detach())


def test_an_extended_model_begins_near_the_earlier_one(
    world: TinyWorld, encoder: str, earlier: FilterLLM
) -> None:
    nearly_nothing = tiny_config(encoder, lora_epochs=0, epochs=1, constant_epochs=0, learning_rate=1e-6)
    from_chance = fit_tiny(world, nearly_nothing)
    kept = WarmStart(earlier, everybody(earlier), shrink=1.0, perturb=0.0)
    extended = fit_tiny(world, nearly_nothing, start=kept)
    assert distance(world, extended, earlier) < 0.5 * distance(world, from_chance, earlier)


def test_the_items_offset_goes_on_as_it_was_but_for_what_the_settings_fix(
    world: TinyWorld, encoder: str, earlier: FilterLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*given: object, **options: object) -> None:
        raise AssertionError("the weights are looked for again")

    usual = earlier.offset_weights
    monkeypatch.setattr("models.filterllm.fit.choose_offset", asked)
    start = WarmStart(earlier, everybody(earlier), shrink=0.9, perturb=0.1)
    config = tiny_config(encoder, lora_epochs=0, epochs=1)
    judges = {"validate": lambda model: 0.0, "by_part": lambda answers: np.zeros(4)}
    fixed = dataclasses.replace(config, popularity_weight=0.0)
    earlier.go_on_with(OffsetWeights(0.8, 4.0))
    try:
        assert fit_tiny(world, config, start=start, **judges).offset_weights == (0.8, 4.0)
        assert fit_tiny(world, fixed, start=start, **judges).offset_weights == (0.8, 0.0)
    finally:
        earlier.go_on_with(usual)


def test_perturbing_moves_it_and_shrinking_is_of_the_mapper(
    world: TinyWorld, encoder: str, earlier: FilterLLM
) -> None:
    fresh = fit_tiny(world, tiny_config(encoder, lora_epochs=0, text_weight=0.0))  # as wide as learned tokens
    before = [value.detach().clone() for value in fresh.mapper.parameters()]
    WarmStart(earlier, everybody(earlier), shrink=0.5, perturb=0.25).begin(fresh)
    for new, start, old in zip(fresh.mapper.parameters(), before, earlier.mapper.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), 0.5 * old.detach() + 0.25 * start.detach())
    torch.testing.assert_close(fresh.centring.mean, earlier.centring.mean)


def test_known_texts_are_not_read_again(
    world: TinyWorld, encoder: str, earlier: FilterLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = LanguageModel.encode

    def counted(self: LanguageModel, token_ids: list[list[int]], **options: object) -> object:
        read.append(len(token_ids))
        return whole(self, token_ids, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(LanguageModel, "encode", counted)
    config = tiny_config(encoder, lora_epochs=0, epochs=1)
    texts = ["graph of a new kind", *world.texts[1:]]
    start = WarmStart(earlier, everybody(earlier), shrink=0.9, perturb=0.1, texts=world.texts)
    found = [
        fit_filterllm(texts, world.train, world.embeddings, config=config, start=one)
        for one in (start, replace(start, texts=()))
    ]
    assert read[0] == 1 < read[1] == len(set(texts)) or read[0] <= 1
    answers = [one.user_factors() @ one.item_factors(texts).T for one in found]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-3)


def test_texts_that_are_asked_otherwise_now_are_read_again(
    world: TinyWorld, encoder: str, earlier: FilterLLM
) -> None:
    config = tiny_config(encoder, lora_epochs=0, epochs=1, prompt_template="music of {text}")
    start = WarmStart(earlier, everybody(earlier), shrink=0.9, perturb=0.1, texts=world.texts)
    answers = [
        fit_tiny(world, config, start=one).item_factors(world.texts)
        for one in (start, replace(start, texts=()))
    ]
    np.testing.assert_array_equal(answers[0], answers[1])


def test_the_language_model_that_is_shared_goes_to_where_the_batches_are(
    world: TinyWorld, encoder: str, earlier: FilterLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a device that every machine has and that holds no numbers: the first text that is read there fails
    monkeypatch.setattr("models.filterllm.fit.chosen_device", lambda _: torch.device("meta"))
    own = copy.deepcopy(earlier)
    start = WarmStart(own, everybody(own), shrink=0.9, perturb=0.1)
    with pytest.raises(RuntimeError, match="on meta tensors"):
        fit_tiny(world, tiny_config(encoder, lora_epochs=0, epochs=1), start=start)
    assert own.language_model.device == torch.device("meta")


def test_new_users_start_where_they_would_have(world: TinyWorld, encoder: str, earlier: FilterLLM) -> None:
    rows = everybody(earlier)
    rows[-1] = -1
    config = tiny_config(encoder, lora_epochs=0, epochs=1)
    extended = fit_tiny(world, config, start=WarmStart(earlier, rows, shrink=0.9, perturb=0.1))
    assert np.isfinite(extended.user_factors()).all()
    assert extended.n_users == earlier.n_users


def test_an_adapter_goes_on_too(world: TinyWorld, encoder: str, fitted: FilterLLM) -> None:
    config = tiny_config(encoder, lora_epochs=1, epochs=1)
    start = WarmStart(fitted, everybody(fitted), shrink=0.9, perturb=0.1, texts=world.texts)
    assert start.remembered() == {}
    extended = fit_tiny(world, config, start=start)
    assert extended.language_model.lora == fitted.language_model.lora


def test_what_does_not_fit_is_refused(
    world: TinyWorld, encoder: str, decoder: str, earlier: FilterLLM
) -> None:
    for changes in ({"shrink": 0.0}, {"perturb": -1.0}, {"user_rows": np.array([earlier.n_users])}):
        with pytest.raises(ValueError, match=str(next(iter(changes)))):
            replace(WarmStart(earlier, everybody(earlier), shrink=0.9, perturb=0.1), **changes)  # type: ignore[arg-type]
    start = WarmStart(earlier, everybody(earlier), shrink=0.9, perturb=0.1)
    with pytest.raises(ValueError, match="train in full"):
        fit_tiny(world, tiny_config(decoder, lora_epochs=0), start=start)
    with pytest.raises(
        ValueError, match=r"base_weights=float32, this one .* base_weights=bfloat16: train in"
    ):
        fit_tiny(world, tiny_config(encoder, lora_epochs=0, base_weights="bfloat16"), start=start)
    for changes in ({"mapper_width": 8}, {"mapper": "linear"}):
        with pytest.raises(ValueError, match="mappers of other sizes: train in full"):
            fit_tiny(world, tiny_config(encoder, lora_epochs=0, **changes), start=start)
