from __future__ import annotations

import numpy as np
import pytest
import torch

from models.filterllm.user_vocabulary import UserVocabulary, degree_bias, token_space, with_random_users

RNG = np.random.default_rng(0)
USERS = RNG.standard_normal((30, 8)).astype(np.float32)
ITEMS = RNG.standard_normal((50, 8)).astype(np.float32)


def test_full_width_only_scales() -> None:
    space = token_space(USERS, ITEMS, d=8)
    for table, source in ((space.users, USERS), (space.warm_items, ITEMS)):
        assert np.linalg.norm(table, axis=1).mean() == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(table / table[0, 0], source / source[0, 0], rtol=2e-5)


def test_projection_keeps_inner_products_of_users_that_need_no_more_numbers() -> None:
    basis = np.linalg.qr(RNG.standard_normal((8, 3)))[0]
    users = (RNG.standard_normal((30, 3)) @ basis.T).astype(np.float32)  # three of eight directions are used
    space = token_space(users, ITEMS, d=3)
    assert space.users.shape == (30, 3)
    assert space.warm_items.shape == (50, 3)
    found, wanted = space.users @ space.warm_items.T, users @ ITEMS.T
    np.testing.assert_allclose(found / found[0, 0], wanted / wanted[0, 0], rtol=1e-3, atol=1e-4)


def test_projection_is_the_best_of_its_rank() -> None:
    space = token_space(USERS, ITEMS, d=4)
    lengths = np.linalg.svd(USERS, compute_uv=False)[:4]
    found = np.linalg.svd(space.users, compute_uv=False)
    np.testing.assert_allclose(found / found[0], lengths / lengths[0], rtol=1e-4)


@pytest.mark.parametrize("d", [0, 9])
def test_a_width_the_vectors_do_not_have_is_refused(d: int) -> None:
    with pytest.raises(ValueError, match=rf"token_size must be in 1..8.*got {d}"):
        token_space(USERS, ITEMS, d=d)


def test_tables_of_zeros_are_refused() -> None:
    with pytest.raises(ValueError, match="users must not be all zeros"):
        token_space(np.zeros_like(USERS), ITEMS, d=8)


def test_random_tokens_follow_their_generator() -> None:
    space = token_space(USERS, ITEMS, d=3)
    first, second, other = (with_random_users(space, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.users, second.users)
    assert not np.array_equal(first.users, other.users)
    assert first.users.shape == space.users.shape
    assert np.array_equal(first.warm_items, space.warm_items)  # guided to where items are


def test_bias_starts_at_the_logarithm_of_the_degree() -> None:
    found = degree_bias(np.array([0, 2, 2]), n_users=4, power=0.5)
    np.testing.assert_allclose(found, np.log([2, 1, 3, 1]) / 2, rtol=1e-6)


def test_vocabulary_refuses_a_bias_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"got \(3, 2\) and \(2,\)"):
        UserVocabulary(torch.zeros(3, 2), torch.zeros(2))
