"""Propagation and loss by hand, cold items as isolated nodes, and the settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.baselines import alpharec
from models.baselines.alpharec import AlphaRec, AlphaRecConfig, normalised_graph
from models.baselines.contests import Contest
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

BATCH = Contest(
    torch.tensor([1, 4]),
    torch.tensor([0, 3]),
    torch.tensor([2, 1, 0]),
    torch.tensor([[True, False, True], [False, False, False]]),
)


def small(**changes: Any) -> AlphaRecConfig:
    settings = {"d": 8, "hidden": 16, "negatives": 10, "batch_size": 128, "epochs": 4, "learning_rate": 0.02}
    return AlphaRecConfig(**{**settings, "patience": None, **changes})


def model_by_hand(**changes: Any) -> AlphaRec:
    return AlphaRec(by_hand(), small(**changes), generator=torch.Generator().manual_seed(0))


def test_graph_by_hand():
    pairs = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    graph = normalised_graph(pairs, n_users=3, n_items=2).to_dense()
    np.testing.assert_allclose(graph, [[1 / math.sqrt(2), 1 / 2], [0, 1 / math.sqrt(2)], [0, 0]], rtol=1e-6)


def test_propagation_by_a_dense_matrix():
    model = model_by_hand()
    edges = np.zeros((10, 10))
    for user, item in by_hand().train:
        position = 6 + [0, 2, 3, 5].index(item)
        edges[user, position] = edges[position, user] = 1
    root = np.sqrt(edges.sum(axis=1))
    edges = edges / root[:, None] / root[None, :]
    history = [[0, 2], [0, 3], [2, 0], [3, 2], [5], [5]]
    texts = model.texts.numpy()
    users = np.stack([texts[items].mean(axis=0) for items in history])
    start = np.concatenate((users, texts[[0, 2, 3, 5]])).astype(np.float32)
    start = model.map(torch.from_numpy(start)).detach().numpy()
    total = start + edges @ start + edges @ edges @ start
    expected = total / np.linalg.norm(total, axis=1, keepdims=True)
    propagated = torch.cat(model.propagated()).detach()
    np.testing.assert_allclose(propagated, expected, rtol=1e-4, atol=1e-5)


def test_loss_by_hand():
    model = model_by_hand(temperature=0.5)
    users, items = (rows.detach() for rows in model.propagated())
    groups = [[0, 1], [3, 2, 1, 0]]
    rows = [
        [float(users[u] @ items[i]) / 0.5 for i in group] for u, group in zip([1, 4], groups, strict=True)
    ]
    expected = np.mean([-row[0] + math.log(sum(math.exp(value) for value in row)) for row in rows])
    assert model.loss(BATCH).item() == pytest.approx(expected, rel=1e-4)


def test_cold_items_are_the_map_of_their_text_and_all_rows_have_length_one():
    model = model_by_hand()
    factors = model.factors()
    mapped = torch.nn.functional.normalize(model.map(model.texts[[1, 4]]), dim=1)
    np.testing.assert_allclose(factors.items[[1, 4]], mapped.detach(), rtol=1e-5, atol=1e-6)
    for rows in (factors.users, factors.items):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_the_gradient_through_the_graph_is_right():
    model = model_by_hand(hidden=None).double()
    model.graph, model.graph_back = model.graph.double(), model.graph_back.double()
    model.user_texts, model.warm_texts = model.user_texts.double(), model.warm_texts.double()
    model.loss(BATCH).backward()
    weight = model.map.weight
    slope, step = weight.grad[0, 0].item(), 1e-6
    with torch.no_grad():
        weight[0, 0] += step
        more = model.loss(BATCH).item()
        weight[0, 0] -= 2 * step
        less = model.loss(BATCH).item()
    assert (more - less) / (2 * step) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("hidden", [16, None])
def test_finds_the_topic_of_cold_items(hidden):
    one, two = (alpharec.fit(rival_input(), config=small(hidden=hidden)) for _ in range(2))
    assert found(one) > 0.8
    np.testing.assert_array_equal(one.items, two.items)


@pytest.mark.parametrize("name", ["d", "hidden", "layers", "temperature", "negatives"])
def test_refusals(name: str):
    with pytest.raises(ValueError, match=f"{name} must be"):
        AlphaRecConfig(**{name: -1})
