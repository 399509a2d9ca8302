"""A tiny language model, and titles of four topics that it can read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from models.baselines.coldllm.refiner import RefinerConfig
from models.baselines.rival import RivalInput
from models.filterllm.language_model import LanguageModel, load_language_model
from tests.fakes import WORDS, tiny_encoder
from tests.models.baselines.rival_worlds import TOPICS, rival_input

CONFIG = RefinerConfig(
    history=2,
    title_tokens=4,
    lora_rank=8,
    lora_learning_rate=5e-3,
    head_learning_rate=1e-2,
    pairs=512,
    epochs=3,
    batch_size=16,
    hard_among=20,
)


def language_model(folder: Path) -> LanguageModel:
    """A BERT of two layers, loaded anew; its weights are the same each time."""
    name = str(folder) if (folder / "config.json").exists() else tiny_encoder(folder)
    return load_language_model(name)


def titles(n: int) -> list[str]:
    """Item i's title: two words of topic i mod 4."""
    words = [(WORDS[4 * (i % TOPICS) + i // 4 % 4], WORDS[4 * (i % TOPICS) + i // 16 % 4]) for i in range(n)]
    return [" ".join(pair) for pair in words]


def world(*, seed: int = 0) -> tuple[RivalInput, list[str]]:
    """Users who read one topic, and the titles of all items."""
    data = dataclasses.replace(rival_input(), seed=seed)
    return data, titles(data.n_items)
