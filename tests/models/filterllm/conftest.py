"""A tiny world with a tiny language model, shared by the room's tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.fit import fit_filterllm
from tests.fakes import WORDS, tiny_decoder, tiny_encoder

torch.set_num_threads(1)

N_USERS, N_WARM, D = 12, 40, 6


@dataclass(frozen=True)
class TinyWorld:
    """Users 0..5 like items whose text has the first word, users 6..11 the others."""

    texts: list[str]
    train: NDArray[np.int64]
    embeddings: CollaborativeEmbeddings

    def with_users_permuted(self, order: NDArray[np.int64]) -> TinyWorld:
        """User order[u] of this world is user u of the new one."""
        place = np.argsort(order)
        train = np.column_stack([place[self.train[:, 0]], self.train[:, 1]])
        users = self.embeddings.users[order]
        kept = self.embeddings
        return TinyWorld(
            self.texts, train, CollaborativeEmbeddings(users, kept.warm_items, kept.warm_item_index)
        )


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a BERT of two layers."""
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a Llama of two layers."""
    return tiny_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture(scope="session")
def world() -> TinyWorld:
    """Two camps of users, told apart by one word of the text."""
    rng = np.random.default_rng(0)
    index = np.sort(rng.choice(100, N_WARM, replace=False)).astype(np.int64)
    camp = np.arange(N_WARM) % 2
    texts = [
        " ".join([("graph", "market")[side], *rng.choice(WORDS[12:], rng.integers(1, 9))]) for side in camp
    ]
    pairs = [
        (user, index[item])
        for item in range(N_WARM)
        for user in (6 * camp[item] + rng.choice(6, 3, replace=False))[: 2 + (item % 3 > 0)]
    ]
    centre = rng.standard_normal((2, D))
    users = centre[np.arange(N_USERS) // 6] + 0.3 * rng.standard_normal((N_USERS, D))
    items = centre[camp] + 0.3 * rng.standard_normal((N_WARM, D))
    embeddings = CollaborativeEmbeddings(users.astype(np.float32), items.astype(np.float32), index)
    return TinyWorld(texts, np.array(pairs, dtype=np.int64), embeddings)


def tiny_config(language_model: str, **changes: Any) -> FilterLLMConfig:
    """Settings that take well under a second on the tiny world."""
    fields: dict[str, Any] = {
        "language_model": language_model,
        "dtype": "float32",
        "device": "cpu",
        "mapper_width": 16,
        "epochs": 2,
        "constant_epochs": 1,
        "batch_size": 16,
        "learning_rate": 1e-2,
        "lora_epochs": 1,
        "lora_rank": 2,
        "lora_batch_size": 16,
        "seed": 0,
    }
    return FilterLLMConfig(**(fields | changes))


def fit_tiny(world: TinyWorld, config: FilterLLMConfig, **changes: Any) -> FilterLLM:
    """Fit on the tiny world."""
    return fit_filterllm(world.texts, world.train, world.embeddings, config=config, **changes)


@pytest.fixture(scope="session")
def fitted(world: TinyWorld, encoder: str) -> FilterLLM:
    """A model after both stages, with text tokens. Not to be changed by a test."""
    return fit_tiny(world, tiny_config(encoder))
