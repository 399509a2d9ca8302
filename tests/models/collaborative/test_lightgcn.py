"""LightGCN: the contract, the formula, and nodes without edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from models.collaborative.graph import NormalisedAdjacency
from models.collaborative.lightgcn import LightGcn
from tests.contracts.collaborative import CollaborativeContract
from tests.models.collaborative.test_graph import HALF, PAIRS
from tests.models.collaborative.worlds import small

pytestmark = pytest.mark.slow


class TestLightGcn(CollaborativeContract):
    def fit(
        self, train: NDArray[np.int64], *, n_users: int, n_items: int, seed: int
    ) -> CollaborativeEmbeddings:
        return fit_bpr(train, n_users=n_users, n_items=n_items, config=small(model="lightgcn", seed=seed))


def model(layers: int) -> LightGcn:
    graph = NormalisedAdjacency.from_pairs(PAIRS, n_users=2, n_items=3)
    return LightGcn(graph, layers=layers, d=4, l2=0, generator=torch.Generator().manual_seed(0))


def test_formula_with_the_whole_adjacency() -> None:
    gcn = model(layers=3)
    adjacency = np.block([[np.zeros((2, 2)), HALF], [HALF.T, np.zeros((3, 3))]])
    rows = torch.cat((gcn.user_rows, gcn.item_rows)).detach().numpy()
    mean = sum(np.linalg.matrix_power(adjacency, power) @ rows for power in range(4)) / 4
    users, items = gcn.tables()
    np.testing.assert_allclose(torch.cat((users, items)).detach().numpy(), mean, rtol=1e-4, atol=1e-6)


def test_a_node_without_edges_keeps_its_share() -> None:
    gcn = model(layers=2)
    _, items = gcn.tables()
    assert torch.equal(items[2], gcn.item_rows[2] / 3)
