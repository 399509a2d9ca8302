"""Propagation and loss by hand, cold items as isolated nodes, and the settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.baselines import alpharec
from models.baselines.alpharec import AlphaRec, AlphaRecConfig
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


def propagated_by_hand(model: AlphaRec) -> torch.Tensor:
    """Users and warm items by products with the whole dense graph."""
    edges = np.zeros((10, 10), dtype=np.float32)
    for user, item in by_hand().train:
        position = 6 + [0, 2, 3, 5].index(item)
        edges[user, position] = edges[position, user] = 1
    root = np.sqrt(edges.sum(axis=1))
    graph = torch.from_numpy(edges / root[:, None] / root[None, :])
    history = [[0, 2], [0, 3], [2, 0], [3, 2], [5], [5]]
    texts = model.texts
    users = torch.stack([texts[items].mean(dim=0) for items in history])
    start = model.map(torch.cat((users, texts[[0, 2, 3, 5]])))
    return torch.nn.functional.normalize(start + graph @ start + graph @ graph @ start, dim=1)


def test_propagation_by_a_dense_matrix():
    model = model_by_hand()
    torch.testing.assert_close(torch.cat(model.propagated()), propagated_by_hand(model))


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
    model = model_by_hand(hidden=None)
    aim = torch.linspace(-1, 1, 80).view(10, 8)
    mine, theirs = (
        torch.autograd.grad((rows * aim).sum(), model.map.weight)[0]
        for rows in (torch.cat(model.propagated()), propagated_by_hand(model))
    )
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("hidden", [16, None])
def test_finds_the_topic_of_cold_items(hidden):
    one, two = (alpharec.fit(rival_input(), config=small(hidden=hidden)) for _ in range(2))
    assert found(one) > 0.8
    np.testing.assert_array_equal(one.items, two.items)


@pytest.mark.parametrize("name", ["d", "hidden", "layers", "temperature", "negatives"])
def test_refusals(name: str):
    with pytest.raises(ValueError, match=f"{name} must be"):
        AlphaRecConfig(**{name: -1})
