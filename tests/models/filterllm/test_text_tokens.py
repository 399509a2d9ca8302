from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from models.filterllm.text_tokens import ridge_tokens


def world(n_items: int = 20, n_users: int = 6, size: int = 4) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(0)
    features = torch.from_numpy(rng.standard_normal((n_items, size)).astype(np.float32))
    return features, (rng.random((n_items, n_users)) < 0.4).astype(np.float32)


def test_one_direction_each_by_hand() -> None:
    # two texts at right angles; user 0 took both, user 1 the second, user 2 none
    positives = sparse.csr_array(np.array([[1, 0, 0], [1, 1, 0]], dtype=np.float32))
    found = ridge_tokens(torch.eye(2), positives, ridge=3.0)
    np.testing.assert_allclose(found.tokens, [[2**-0.5, 2**-0.5], [0, 1], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(found.leverage, [1 / 4, 1 / 4], atol=1e-6)


def test_equals_the_normal_equations() -> None:
    features, positives = world()
    x = features.numpy()
    weights = np.linalg.solve(x.T @ x + 2 * np.eye(4), x.T @ positives).T
    expected = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    found = ridge_tokens(features, sparse.csr_array(positives), ridge=2.0)
    np.testing.assert_allclose(found.tokens, expected, atol=1e-5)


def test_left_out_equals_a_regression_without_the_item() -> None:
    features, positives = world()
    found = ridge_tokens(features, sparse.csr_array(positives), ridge=2.0)
    items = torch.tensor([7, 3])
    row, user = np.nonzero(positives[items.numpy()])
    values = found.left_out(items, torch.from_numpy(row), torch.from_numpy(user)).numpy()
    for place, item in enumerate(items.tolist()):
        rest = np.arange(20) != item
        x, y = features.numpy()[rest], positives[rest]
        weights = np.linalg.solve(x.T @ x + 2 * np.eye(4), x.T @ y)  # (H, U)
        expected = features.numpy()[item] @ weights * found.label_size.numpy()
        np.testing.assert_allclose(values[place], expected, atol=1e-4)
