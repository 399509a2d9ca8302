"""The product in the table, and its reference form, on a language model of two layers."""

from __future__ import annotations

import numpy as np
import pytest

from assets.benchmark import ablations, ensemble, product
from assets.benchmark.entry import Entry
from assets.benchmark.inputs import Inputs
from data.snapshot import Snapshot
from models.collaborative.config import BprConfig
from models.collaborative.ials_config import IalsConfig
from models.filterllm.language_model import LanguageModel
from models.filterllm.prompt import PromptTemplate
from tests.assets.benchmark.worlds import ITEMS, USERS
from tests.fakes import HIDDEN_SIZE, tiny_encoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def inputs(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The world, with a small language model."""
    folder = tmp_path_factory.mktemp("product")
    return Inputs(snapshot, folder / "cache", language_model=tiny_encoder(folder / "encoder"))


@pytest.mark.parametrize(
    "one", [*product.ENTRIES, *ablations.ENTRIES, *ensemble.ENTRIES], ids=lambda one: one.name
)
def test_every_model_is_trained_and_scores_every_pair(
    inputs: Inputs, one: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(kind: str, seed: int) -> BprConfig | IalsConfig:
        return IalsConfig(d=8, sweeps=2, seed=seed) if kind == "ials" else BprConfig(d=8, epochs=5, seed=seed)

    monkeypatch.setattr("assets.benchmark.collaborative.collaborative_config", small)
    found = list(one.build(inputs, 42))
    assert [scored.model for scored in found] == list(one.models)
    assert all(scored.dtype in ("float32", "bfloat16") for scored in found)
    for scored in found:
        scores = scored.scorer.scores(np.arange(USERS), np.arange(ITEMS))
        assert scores.shape == (USERS, ITEMS)
        assert np.isfinite(scores).all()


def test_text_vectors_are_those_of_the_language_model(inputs: Inputs) -> None:
    features = inputs.features()
    assert features.shape == (ITEMS, HIDDEN_SIZE)
    assert np.isfinite(features).all()
    assert np.array_equal(features, inputs.features())


def test_a_training_finds_the_texts_read(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    features = inputs.features()
    config = product.Form("filterllm").config(42, language_model=inputs.language_model)
    reader = inputs.reader(config)

    def refuse(*_: object) -> None:
        raise AssertionError("a text is read again")

    monkeypatch.setattr(LanguageModel, "forward", refuse)
    template = PromptTemplate(config.prompt_template, reader.token_limit(config.max_tokens))
    found = reader.encode(template.tokenize(reader.tokenizer, inputs.texts).token_ids)
    assert np.array_equal(found, features)
    with pytest.raises(AssertionError, match="read again"):
        reader.encode([[1, 2, 3]])
