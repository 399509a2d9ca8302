"""A pair is a one, however often it is given."""

from __future__ import annotations

import numpy as np

from models.baselines.training_matrix import training_matrix


def test_matrix_by_hand():
    matrix = training_matrix(np.array([[0, 1], [0, 1], [1, 2]]), n_users=2, n_items=3)
    assert matrix.toarray().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert matrix.dtype == np.float32
