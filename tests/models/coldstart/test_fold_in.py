"""The closed form against dense ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.coldstart import fold_in
from models.coldstart.fold_in import FoldInConfig, fold_in_items, solve_rows
from models.coldstart.top_users import TopUsers

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


def dense(
    fixed: np.ndarray[Any, Any], columns: list[int], ridge: float, weight: float
) -> np.ndarray[Any, Any]:
    """The same row by its normal equations."""
    table = fixed.astype(np.float64)
    chosen = table[columns]
    system = chosen.T @ chosen + weight * table.T @ table + ridge * np.eye(table.shape[1])
    return np.asarray(np.linalg.solve(system, chosen.sum(axis=0)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 12))
def test_every_row_solves_its_own_normal_equations(seed: int, width: int, n_columns: int) -> None:
    rng = np.random.default_rng(seed)
    fixed = rng.standard_normal((n_columns, width)).astype(np.float32)
    lists = [rng.permutation(n_columns)[: rng.integers(0, n_columns + 1)].tolist() for _ in range(6)]
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in lists])))
    columns = np.array([column for row in lists for column in row], dtype=np.int64)
    ridge = rng.uniform(0.2, 2, 6)
    found = solve_rows(fixed, offsets, columns, ridge=ridge, unobserved_weight=0.1)
    for row, expected in enumerate(lists):
        np.testing.assert_allclose(found[row], dense(fixed, expected, ridge[row], 0.1), rtol=2e-3, atol=2e-4)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    users = rng.standard_normal((30, 4)).astype(np.float32)
    pairs = np.argwhere(rng.random((40, 30)) < 0.2)
    pairs = np.concatenate((pairs, np.stack((np.arange(40), np.zeros(40, np.int64)), axis=1)))
    whole = fold_in_items(users, None, real_pairs=pairs, config=FoldInConfig())
    monkeypatch.setattr(fold_in, "NUMBERS_PER_BLOCK", 1)
    parts = fold_in_items(users, None, real_pairs=pairs, config=FoldInConfig())
    np.testing.assert_allclose(whole, parts, rtol=1e-4, atol=1e-6)


def pseudo() -> TopUsers:
    return TopUsers(
        np.array([[0, 1, 2], [3, 4, 5]]), np.log(np.array([[0.5, 0.3, 0.1], [0.3, 0.3, 0.3]], np.float32))
    )


def test_simulated_and_real_users_by_the_formula() -> None:
    users = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    config = FoldInConfig(users_per_item=2, unobserved_weight=0.1, regulariser=0.4, regulariser_power=0.5)
    found = fold_in_items(users, pseudo(), real_pairs=np.array([[1, 7]]), config=config)
    np.testing.assert_allclose(found[0], dense(users, [0, 1], 0.4 * (2 + 0.8) ** 0.5, 0.1), rtol=1e-3)
    np.testing.assert_allclose(found[1], dense(users, [3, 4, 7], 0.4 * (3 + 0.8) ** 0.5, 0.1), rtol=1e-3)


@pytest.mark.parametrize("width", [2, 6])  # fewer and more numbers than users: either system is solved
def test_a_simulated_user_counts_less_beside_real_ones(width: int) -> None:
    users = np.random.default_rng(0).standard_normal((8, width)).astype(np.float32)
    real = np.array([[1, 7], [1, 6], [1, 7]])  # two readers, one of them listed twice
    config = FoldInConfig(users_per_item=2, unobserved_weight=0.1, regulariser=0.4, pseudo_halves_at=1.0)
    found = fold_in_items(users, pseudo(), real_pairs=real, config=config)
    np.testing.assert_allclose(found[0], dense(users, [0, 1], 0.4 * (2 + 0.8) ** 0.5, 0.1), rtol=2e-3)
    weights = np.zeros(8)
    weights[[3, 4, 6, 7]] = [1 / 3, 1 / 3, 1, 1]  # 1 / (1 + 2)
    table = users.astype(np.float64)
    system = table.T @ (weights[:, None] * table) + 0.1 * table.T @ table
    system += 0.4 * (weights.sum() + 0.8) ** 0.5 * np.eye(width)
    np.testing.assert_allclose(found[1], np.linalg.solve(system, table.T @ weights), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"users_per_item": 1},
        {"draw": "sampled"},
        {"unobserved_weight": 0.5},
        {"regulariser": 0.5},
        {"regulariser_power": 1.0},
        {"draw": "sampled", "seed": 1},
    ],
)
def test_each_setting_matters(changes: dict[str, Any]) -> None:
    users = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    base = {"users_per_item": 2, "seed": 0} | ({"draw": "sampled"} if "seed" in changes else {})
    first, second = (
        fold_in_items(users, pseudo(), real_pairs=NO_PAIRS, config=FoldInConfig(**values))  # type: ignore[arg-type]
        for values in (base, base | changes)
    )
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users_per_item": 0}, "users_per_item must be at least 1"),
        ({"draw": "all"}, "draw must be one of top, sampled, got 'all'"),
        ({"unobserved_weight": 0.0}, "unobserved_weight must be above 0"),
        ({"regulariser": -1.0}, "regulariser must be above 0"),
        ({"pseudo_halves_at": 0.0}, "pseudo_halves_at must be above 0"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FoldInConfig(**changes)
