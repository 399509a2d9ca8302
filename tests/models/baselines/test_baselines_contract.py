"""What every reference must satisfy, whoever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.baselines import chance, content_knn, popularity, ridge, ridge_to_vectors, tfidf_profile
from tests.evaluation.worlds import TopicWorld, topic_world

WORLD = topic_world()


def vectors(world: TopicWorld) -> tuple[Any, Any]:
    """Collaborative vectors of users and warm items: the leading singular vectors of the training matrix."""
    data = world.data
    table = np.zeros((data.n_users, data.n_items), dtype=np.float32)
    table[data.train[:, 0], data.train[:, 1]] = 1
    left, size, right = np.linalg.svd(table[:, data.warm_items], full_matrices=False)
    return left[:, :12] * np.sqrt(size[:12]), right[:12].T * np.sqrt(size[:12])


def fit_to_vectors(world: TopicWorld) -> Any:
    """Ridge to vectors needs a collaborative model first."""
    users, items = vectors(world)
    return ridge_to_vectors.fit(
        world.embeddings,
        warm_items=world.data.warm_items,
        user_vectors=users,
        warm_vectors=items,
        penalty=1.0,
    )


def shared(world: TopicWorld) -> dict[str, Any]:
    """Arguments that most references take."""
    return {"warm_items": world.data.warm_items, "n_users": world.data.n_users}


MODELS: dict[str, Callable[[TopicWorld], Any]] = {
    "chance": lambda w: chance.fit(seed=4),
    "popularity": lambda w: popularity.fit(w.data.train, n_users=w.data.n_users, n_items=w.data.n_items),
    "tfidf": lambda w: tfidf_profile.fit(w.data.train, texts=w.texts, **shared(w)),
    "knn": lambda w: content_knn.fit(w.data.train, embeddings=w.embeddings, **shared(w)),
    "ridge": lambda w: ridge.fit(w.data.train, embeddings=w.embeddings, **shared(w)),
    "root_degree": lambda w: ridge.divided_by_root_degree(
        ridge.fit(w.data.train, embeddings=w.embeddings, **shared(w)), w.data.train
    ),
    "to_vectors": fit_to_vectors,
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param](WORLD)


def test_scores_have_the_shape_that_was_asked_for(model):
    scores = model.scores(np.array([5, 0, 7]), np.array([3, 399]))
    assert scores.shape == (3, 2)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_a_pair_scores_the_same_in_any_block(model):
    users, items = np.arange(30), np.arange(0, 400, 7)
    whole = model.scores(users, items)
    for part in (
        model.scores(users[3:4], items),
        model.scores(users, items[5:6]),
        model.scores(users[::-1], items),
    ):
        assert part.dtype == np.float32
    np.testing.assert_allclose(model.scores(users[3:4], items)[0], whole[3], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.scores(users, items[5:6])[:, 0], whole[:, 5], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.scores(users, items[::-1])[:, ::-1], whole, rtol=1e-5, atol=1e-6)


def test_empty_questions_have_empty_answers(model):
    nobody = np.empty(0, dtype=np.int64)
    assert model.scores(nobody, np.arange(3)).shape == (0, 3)
    assert model.scores(np.arange(3), nobody).shape == (3, 0)


@pytest.mark.parametrize("name", MODELS)
def test_fitting_twice_gives_the_same_scores(name):
    users, items = np.arange(20), np.arange(380, 400)
    one, two = (MODELS[name](WORLD).scores(users, items) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["tfidf", "knn", "ridge", "root_degree", "to_vectors"])
def test_text_models_find_the_topic_of_a_cold_item(name):
    """Users who read a topic in training score its cold items above all other cold items."""
    data = WORLD.data
    topic = np.bincount(data.train[:, 0] * 10 + data.train[:, 1] % 10, minlength=data.n_users * 10)
    favourite = topic.reshape(-1, 10).argmax(axis=1)
    scores = MODELS[name](WORLD).scores(np.arange(data.n_users), data.cold_items)
    best = data.cold_items[scores.argmax(axis=1)] % 10
    assert (best == favourite).mean() > 0.9
