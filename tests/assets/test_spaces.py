"""From trained models to the space that is published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.spaces import chosen_space, composed_space, placed_by_text, text_vectors
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace
from models.collaborative.embeddings import CollaborativeEmbeddings
from tests.assets.versions import TableModel, snapshot, version


class TextModel(TableModel):
    """A table model with text vectors: each text is told by its length."""

    def text_users(self) -> Any:
        return np.arange(8, dtype=np.float32).reshape(4, 2)

    def text_items(self, texts: list[str]) -> Any:
        return np.array([[len(text), 1, -0.5] for text in texts], dtype=np.float32)

    def untold_item(self) -> Any:
        return np.array([0, 0, -2], dtype=np.float32)

    def warm_text_items(self, texts: list[str]) -> Any:
        return self.text_items(texts) + np.arange(len(texts), dtype=np.float32)[:, None]


def vectors(seed: int) -> CollaborativeEmbeddings:
    rng = np.random.default_rng(seed)
    users, items = (rng.standard_normal((n, 3)).astype(np.float32) for n in (4, 3))
    return CollaborativeEmbeddings(users, items, np.arange(3))


def test_the_better_space_on_warm_validation_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def judge_of(found: Any) -> Any:
        asked.append(found)
        return lambda embeddings: float(embeddings.users[0, 0])

    monkeypatch.setattr("assets.judging.warm_recall", judge_of)
    spaces = {str(seed): vectors(seed) for seed in range(8)}
    best = max(spaces, key=lambda name: spaces[name].users[0, 0])
    found = snapshot()
    assert chosen_space(found, spaces, ColdUpdateConfig()) == best != "0"
    assert asked == [found]


def test_a_named_space_is_taken_and_the_first_where_nobody_can_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces = {"token_vectors": vectors(0), "bpr_embeddings": vectors(1)}
    assert chosen_space(snapshot(), spaces, ColdUpdateConfig(space="bpr_embeddings")) == "bpr_embeddings"
    monkeypatch.setattr("assets.judging.warm_recall", lambda found: None)
    assert chosen_space(snapshot(), spaces, ColdUpdateConfig()) == "token_vectors"


def test_a_composed_space_holds_both_parts_and_places_texts() -> None:
    model: Any = TextModel(4)
    config = ColdUpdateConfig(users_per_item=20, appeal=1.0)
    space = composed_space(snapshot(), vectors(0), model, config)
    assert space.has_text
    assert space.d == 3 + 2 + 2
    placed = placed_by_text(["a new title", ""], space, model, config)
    assert placed.shape == (2, 7)
    assert placed[0, 3:5].any()
    assert not placed[1, 3:5].any()  # no text, no text part
    assert placed[1, 5] == pytest.approx(
        -2 * 3.0
    )  # nobody chose another weight; but the appeal of the users' bias alone


def test_a_space_without_text_asks_for_no_text_vectors() -> None:
    alone: PublishedSpace = version().space
    assert text_vectors(["a", "b"], alone, None).shape == (2, 0)
