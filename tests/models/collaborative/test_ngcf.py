"""NGCF: the contract, the formula, and its dropout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from models.collaborative.graph import NormalisedAdjacency
from models.collaborative.ngcf import Ngcf
from tests.contracts.collaborative import CollaborativeContract
from tests.models.collaborative.test_graph import HALF, PAIRS
from tests.models.collaborative.worlds import small

pytestmark = pytest.mark.slow


class TestNgcf(CollaborativeContract):
    def fit(
        self, train: NDArray[np.int64], *, n_users: int, n_items: int, seed: int
    ) -> CollaborativeEmbeddings:
        return fit_bpr(train, n_users=n_users, n_items=n_items, config=small(model="ngcf", seed=seed))


def model(dropout: float) -> Ngcf:
    graph = NormalisedAdjacency.from_pairs(PAIRS, n_users=2, n_items=3)
    return Ngcf(graph, layers=2, d=4, l2=0, dropout=dropout, generator=torch.Generator().manual_seed(0))


def test_formula_with_the_whole_adjacency() -> None:
    ngcf = model(dropout=0.5).eval()
    adjacency = np.block([[np.zeros((2, 2)), HALF], [HALF.T, np.zeros((3, 3))]])
    rows = torch.cat((ngcf.user_rows, ngcf.item_rows)).detach().numpy()
    parts = [rows]
    for first, second in zip(ngcf.sum_weights, ngcf.product_weights, strict=True):
        mixed = (adjacency + np.eye(5)) @ rows @ first.detach().numpy()
        mixed = mixed + (adjacency @ rows * rows) @ second.detach().numpy()
        rows = np.where(mixed > 0, mixed, 0.2 * mixed)
        parts.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    found = torch.cat(ngcf.tables()).detach().numpy()
    assert found.shape == (5, 4 * 3)
    np.testing.assert_allclose(found, np.concatenate(parts, axis=1), rtol=1e-4, atol=1e-6)


def test_dropout_only_in_training_and_from_its_own_generator() -> None:
    ngcf = model(dropout=0.5)
    state = torch.get_rng_state()
    users, _ = ngcf.tables()
    again, _ = ngcf.tables()
    assert not torch.equal(users, again)
    assert torch.equal(users[:, :4], ngcf.user_rows)
    ngcf.eval()
    assert torch.equal(ngcf.tables()[0], ngcf.tables()[0])
    assert torch.equal(torch.get_rng_state(), state)
