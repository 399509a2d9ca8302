"""Matrix factorisation keeps the contract."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from tests.contracts.collaborative import CollaborativeContract
from tests.models.collaborative.worlds import small


class TestMatrixFactorisation(CollaborativeContract):
    def fit(
        self, train: NDArray[np.int64], *, n_users: int, n_items: int, seed: int
    ) -> CollaborativeEmbeddings:
        return fit_bpr(train, n_users=n_users, n_items=n_items, config=small(model="mf", seed=seed))
