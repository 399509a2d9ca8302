"""Top users: by hand, sampled, refused, saved."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.coldstart.pseudo_interactions import top_users
from models.coldstart.top_users import TopUsers

LOGITS = torch.tensor([[0.0, math.log(3), math.log(4)], [math.log(6), math.log(2), math.log(2)]])


def test_top_users_by_hand() -> None:
    kept = top_users(LOGITS, 2)
    assert kept.users.tolist()[0] == [2, 1]
    assert kept.users[1, 0] == 0
    np.testing.assert_allclose(np.exp(kept.log_probabilities), [[4 / 8, 3 / 8], [6 / 10, 2 / 10]], rtol=1e-6)
    assert kept.users.dtype == np.int64
    assert kept.log_probabilities.dtype == np.float32


def test_log_probabilities_stay_as_they_are() -> None:
    kept, again = top_users(LOGITS, 3), top_users(LOGITS.log_softmax(dim=1), 3)
    np.testing.assert_allclose(kept.log_probabilities, again.log_probabilities, rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 30), st.data())
def test_rows_fall_sum_to_at_most_one_and_hold_nobody_twice(
    seed: int, n_items: int, n_users: int, data: st.DataObject
) -> None:
    logits = 20 * torch.randn(n_items, n_users, generator=torch.Generator().manual_seed(seed))
    k = data.draw(st.integers(1, n_users))
    every = top_users(logits, n_users)
    for kept in (top_users(logits, k), every.sampled(k, generator=np.random.default_rng(seed))):
        assert (np.diff(kept.log_probabilities, axis=1) <= 0).all()
        assert (np.exp(kept.log_probabilities).sum(axis=1) <= 1 + 1e-5).all()
        assert all(len(set(row)) == k for row in kept.users.tolist())


def test_permuting_users_permutes_results() -> None:
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    plain, moved = top_users(logits, 5), top_users(logits[:, order], 5)
    np.testing.assert_array_equal(order.numpy()[moved.users], plain.users)


def test_samples_follow_the_probabilities() -> None:
    kept = top_users(LOGITS[:1].repeat(20_000, 1), 3)
    again = kept.sampled(1, generator=np.random.default_rng(0))
    shares = np.bincount(again.users[:, 0], minlength=3) / 20_000
    np.testing.assert_allclose(shares, [1 / 8, 3 / 8, 4 / 8], atol=0.02)


def test_a_sample_repeats_with_its_seed() -> None:
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    kept = top_users(logits, 50)
    first, second, other = (kept.sampled(5, generator=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.users, second.users)
    assert not np.array_equal(first.users, other.users)


def test_save_load_first_and_concatenate(tmp_path: Path) -> None:
    kept = top_users(LOGITS, 3)
    kept.save(tmp_path)
    loaded = TopUsers.load(tmp_path)
    np.testing.assert_array_equal(loaded.users, kept.users)
    np.testing.assert_array_equal(loaded.log_probabilities, kept.log_probabilities)
    assert kept.first(1).users.tolist() == [[2], [0]]
    both = TopUsers.concatenate([kept, loaded])
    assert len(both) == 4
    assert both.users_per_item == 3


@pytest.mark.parametrize("k", [0, 4])
def test_k_outside_the_users_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=rf"between 1 and the number of users \(3\), got {k}"):
        top_users(LOGITS, k)
    with pytest.raises(ValueError, match=rf"between 1 and the users kept \(3\), got {k}"):
        top_users(LOGITS, 3).first(k)


def test_what_is_broken_is_refused() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        top_users(torch.tensor([[0.0, math.nan]]), 1)
    with pytest.raises(ValueError, match=r"shape \(B, U\), got \(3,\)"):
        top_users(torch.zeros(3), 1)
    users, low = np.array([[0, 1]]), np.log(np.array([[0.5, 0.4]], np.float32))
    with pytest.raises(ValueError, match="one shape"):
        TopUsers(users, low[:, :1])
    with pytest.raises(ValueError, match="must be int64 and"):
        TopUsers(users, low.astype(np.float64))
    with pytest.raises(ValueError, match="must fall"):
        TopUsers(users, low[:, ::-1])
    with pytest.raises(ValueError, match="sum to at most 1, got 7"):
        TopUsers(users, np.array([[1.9, 0.1]], np.float32))
    with pytest.raises(ValueError, match="at least 0, got -1"):
        TopUsers(users - 1, low)
