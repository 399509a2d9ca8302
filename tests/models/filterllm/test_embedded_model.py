"""The real language model out of its package."""

from __future__ import annotations

import numpy as np
import pytest

from models.filterllm.language_model import load_language_model
from models.filterllm.prompt import PromptTemplate

TITLES = [
    "Collaborative filtering for recommending scientific articles",
    "Recommender systems: matrix factorization of user ratings",
    "Crystal structure of a bacterial ribosome",
    "The ribosome at atomic resolution",
]


@pytest.mark.slow
def test_the_embedded_model_knows_what_belongs_together() -> None:
    model = load_language_model("embedded")
    assert (model.hidden_size, model.pooling) == (384, "mean")
    vectors = model.encode(PromptTemplate().tokenize(model.tokenizer, TITLES).token_ids)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    assert min(cosine[0, 1], cosine[2, 3]) > cosine[:2, 2:].max() + 0.2
    half = model.encode(PromptTemplate().tokenize(model.tokenizer, TITLES).token_ids, precision="bfloat16")
    assert np.sum(half * vectors, axis=1) / np.linalg.norm(half, axis=1) / np.linalg.norm(
        vectors, axis=1
    ) == (pytest.approx(1, abs=1e-3))
    assert model.base_digest() == model.digest
