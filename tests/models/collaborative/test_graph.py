"""The normalised graph by hand on a table of two users and three items."""

from __future__ import annotations

import numpy as np
import torch

from models.collaborative.graph import NormalisedAdjacency

# user 0: items 0, 1; user 1: item 1; nobody: item 2
PAIRS = np.array([[1, 1], [0, 1], [0, 0]])
HALF = np.array([[1 / np.sqrt(2 * 1), 1 / np.sqrt(2 * 2), 0], [0, 1 / np.sqrt(1 * 2), 0]], dtype=np.float32)


def test_normalisation_by_hand() -> None:
    graph = NormalisedAdjacency.from_pairs(PAIRS, n_users=2, n_items=3)
    np.testing.assert_allclose(graph.to_users(torch.eye(3)).numpy(), HALF, rtol=1e-6)
    np.testing.assert_allclose(graph.to_items(torch.eye(2)).numpy(), HALF.T, rtol=1e-6)


def test_nodes_without_edges_receive_zeros() -> None:
    graph = NormalisedAdjacency.from_pairs(PAIRS, n_users=4, n_items=3)
    assert graph.to_users(torch.ones(3, 2))[2:].tolist() == [[0, 0], [0, 0]]
    assert graph.to_items(torch.ones(4, 2))[2].tolist() == [0, 0]


def test_gradient_is_the_product_with_the_transpose() -> None:
    graph = NormalisedAdjacency.from_pairs(PAIRS, n_users=2, n_items=3)
    items = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.randn(2, 4, generator=torch.Generator().manual_seed(1))
    (graph.to_users(items) * weights).sum().backward()
    assert items.grad is not None
    np.testing.assert_allclose(items.grad.numpy(), HALF.T @ weights.numpy(), rtol=1e-5, atol=1e-7)


def test_the_order_of_the_pairs_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    pairs = np.argwhere(rng.random((9, 7)) < 0.5)
    items = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    once = NormalisedAdjacency.from_pairs(pairs, n_users=9, n_items=7).to_users(items)
    again = NormalisedAdjacency.from_pairs(rng.permutation(pairs), n_users=9, n_items=7).to_users(items)
    assert torch.equal(once, again)
