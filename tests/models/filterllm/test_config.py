from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.filterllm.config import FilterLLMConfig
from tests.models.filterllm.conftest import TinyWorld, fit_tiny, tiny_config

pytestmark = pytest.mark.slow

BAD: list[tuple[dict[str, Any], str]] = [
    ({"language_model": ""}, "language_model must not be empty"),
    ({"base_weights": "int8"}, "base_weights must be one of float32, bfloat16, got 'int8'"),
    ({"dtype": "half"}, "dtype must be one of auto, float32, bfloat16"),
    ({"device": "mars"}, "device must be auto, cpu, cuda, cuda:0 or the like, got 'mars'"),
    ({"prompt_template": "x"}, "prompt_template must hold"),
    ({"max_tokens": 7}, "max_tokens must be at least 8, got 7"),
    ({"token_init": "zero"}, "token_init must be one of collaborative, random"),
    ({"token_size": 0}, "token_size must be at least 1 or None, got 0"),
    ({"mapper": "deep"}, "mapper must be one of mlp, linear"),
    ({"mapper_width": 0}, "mapper_width must be at least 1"),
    ({"mapper_dropout": 1.0}, r"mapper_dropout must be in \[0, 1\), got 1.0"),
    ({"similarity": "l2"}, "similarity must be one of cosine, dot"),
    ({"initial_scale": 0.0}, "initial_scale must be above 0"),
    ({"behaviour_weight": -1.0}, "behaviour_weight must be at least 0"),
    ({"mirrored_weight": float("nan")}, "mirrored_weight must be at least 0, got nan"),
    ({"epochs": 0}, "epochs must be at least 1"),
    ({"constant_epochs": 99}, "constant_epochs must be in 0..epochs=5, got 99"),
    ({"patience": 0}, "patience must be at least 1 or None"),
    ({"batch_size": 0}, "batch_size must be at least 1"),
    ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ({"weight_decay": -0.1}, "weight_decay must be at least 0"),
    ({"lora_epochs": -1}, "lora_epochs must be at least 0"),
    ({"lora_rank": 0}, "lora_rank must be at least 1"),
    ({"lora_alpha": 0.0}, "lora_alpha must be above 0"),
    ({"lora_targets": []}, "lora_targets must name a layer"),
    ({"lora_learning_rate": 0.0}, "lora_learning_rate must be above 0"),
    ({"head_learning_rate": 0.0}, "head_learning_rate must be above 0"),
    ({"lora_batch_size": 0}, "lora_batch_size must be at least 1"),
    ({"text_weight": -0.1}, "text_weight must be at least 0"),
    ({"text_user_spread": -0.1}, "text_user_spread must be at least 0"),
    ({"bias_power": -0.1}, "bias_power must be at least 0"),
    ({"appeal_weight": 1.1}, r"appeal_weight must be in \[0, 1\], got 1.1"),
    ({"popularity_weight": -1.0}, "popularity_weight must be at least 0, got -1"),
    ({"text_ridge": 0.0}, "text_ridge must be above 0"),
    ({"text_size": 0}, "text_size must be at least 1"),
    ({"text_landmarks": 0}, "text_landmarks must be at least 1"),
    ({"text_item_power": -0.1}, "text_item_power must be at least 0"),
    ({"text_vector_share": 1.0}, r"text_vector_share must be in \[0, 1\)"),
    ({"text_user_power": -0.1}, "text_user_power must be at least 0"),
    ({"smoothing": -0.1}, "smoothing must be at least 0"),
    ({"smoothing_ridge": 0.0}, "smoothing_ridge must be above 0"),
    ({"width": 0}, "width must be at least 1"),
    ({"distillation_epochs": -1}, "distillation_epochs must be at least 0"),
    ({"distillation_learning_rate": 0.0}, "distillation_learning_rate must be above 0"),
    ({"seed": -1}, "seed must be at least 0"),
]

CHANGES: dict[str, Any] = {
    "prompt_template": "music of {text}",
    "max_tokens": 8,
    "token_init": "random",
    "token_size": 3,
    "mapper": "linear",
    "mapper_width": 17,
    "mapper_dropout": 0.0,
    "similarity": "dot",
    "initial_scale": 5.0,
    "behaviour_weight": 0.0,
    "mirrored_weight": 0.0,
    "epochs": 1,
    "constant_epochs": 0,
    "batch_size": 1,
    "learning_rate": 1e-3,
    "weight_decay": 0.5,
    "lora_epochs": 0,
    "lora_rank": 1,
    "lora_alpha": 1.0,
    "lora_targets": ["query"],
    "lora_learning_rate": 1e-2,
    "head_learning_rate": 1e-2,
    "lora_batch_size": 1,
    "text_weight": 0.0,
    "text_user_spread": 0.5,
    "bias_power": 0.4,
    "appeal_weight": 0.0,
    "popularity_weight": 2.0,
    "text_ridge": 4.0,
    "text_size": 3,
    "text_landmarks": 7,
    "text_vector_share": 0.0,
    "text_item_power": 1.0,
    "text_user_power": 0.0,
    "smoothing": 3.0,
    "smoothing_ridge": 10.0,
    "width": 4,
    "distillation_epochs": 0,
    "distillation_learning_rate": 0.1,
    "dtype": "bfloat16",
    "base_weights": "bfloat16",
    "seed": 1,
}
# what these do is tested elsewhere: the model itself, the machine, and stopping early
ELSEWHERE = {"language_model", "device", "patience"}


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_bad_value_is_refused_by_name(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FilterLLMConfig(**fields)


def test_every_field_is_refused_somewhere_and_matters_somewhere() -> None:
    names = {field.name for field in dataclasses.fields(FilterLLMConfig)}
    assert {name for fields, _ in BAD for name in fields} == names
    assert CHANGES.keys() | ELSEWHERE == names


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_changes_the_outcome(name: str, outcomes: Callable[..., np.ndarray]) -> None:
    stages = {"lora_epochs": 1 if name.startswith(("lora", "head", "dtype")) else 0}
    if name.startswith("distillation"):
        stages["width"] = 4  # a table that holds everything has nothing to learn
    assert not np.array_equal(outcomes(**(stages | {name: CHANGES[name]})), outcomes(**stages))


@pytest.fixture(scope="module")
def outcomes(world: TinyWorld, encoder: str) -> Callable[..., np.ndarray]:
    """Relevance of all users and items after a fit with some fields changed."""

    @functools.cache
    def of(**changes: Any) -> np.ndarray:
        model = fit_tiny(world, dataclasses.replace(tiny_config(encoder), **changes))
        return model.user_factors() @ model.relevance_factors(world.texts).T

    return lambda **changes: (
        of(**changes) if "lora_targets" not in changes else of.__wrapped__(**changes)  # a list has no hash
    )


def test_round_trip_through_json() -> None:
    config = FilterLLMConfig(token_size=64, lora_targets=["query"], patience=None)
    assert FilterLLMConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(ValueError, match="unknown FilterLLM setting 'speed'"):
        FilterLLMConfig.from_dict({"speed": 1})


def test_the_reference_form() -> None:
    config = FilterLLMConfig.reference(seed=7)
    assert (config.mapper, config.similarity, config.behaviour_weight) == ("linear", "dot", 10.0)
    assert (config.mirrored_weight, config.text_weight, config.seed) == (0.0, 0.0, 7)
