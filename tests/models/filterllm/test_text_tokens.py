from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse

from models.filterllm import text_tokens
from models.filterllm.config import FilterLLMConfig
from models.filterllm.kernel_regression import kernel
from models.filterllm.losses import distribution_loss
from models.filterllm.text_tokens import TextTokens, _relative, fit_text_tokens, likeliest_weight

N_ITEMS, N_USERS = 30, 7


def world() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    texts = rng.standard_normal((N_ITEMS, 5)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    labels = (rng.random((N_ITEMS, N_USERS)) < 0.4).astype(np.float32)
    labels[np.arange(N_ITEMS), np.arange(N_ITEMS) % N_USERS] = 1
    return texts, labels


def fitted(users: NDArray[np.float32] | None = None, **changes: Any) -> TextTokens:
    texts, labels = world()
    config = FilterLLMConfig(
        **(
            {"text_ridge": 0.7, "text_item_power": 0.0, "text_user_power": 0.0, "text_user_spread": 0.0}
            | changes
        )
    )
    rng = np.random.default_rng(1)
    vectors = None
    if users is not None:
        items = np.random.default_rng(2).standard_normal((N_ITEMS, users.shape[1])).astype(np.float32)
        vectors = (users, items)
    return fit_text_tokens(texts, sparse.csr_array(labels), vectors=vectors, config=config, rng=rng)


def values(found: TextTokens, texts: NDArray[np.float32]) -> NDArray[np.float32]:
    return (found.tokens @ found.kernel(torch.from_numpy(texts))[0].T).numpy()


def left_out_values(places: NDArray[np.float32], labels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each item's values (N_ITEMS, U) by a regression without it."""
    expected = np.empty((N_ITEMS, N_USERS))
    for item in range(N_ITEMS):
        rest = np.arange(N_ITEMS) != item
        system = kernel(places[rest], places[rest]).astype(np.float64) + 0.7 * np.eye(N_ITEMS - 1)
        expected[item] = kernel(places[item : item + 1], places[rest]) @ np.linalg.solve(system, labels[rest])
    return expected


def test_values_are_those_of_kernel_ridge_up_to_each_users_scale() -> None:
    texts, labels = world()
    new = np.roll(texts, 1, axis=1)[:4]
    expected = (
        kernel(new, texts)
        @ np.linalg.solve(kernel(texts, texts).astype(np.float64) + 0.7 * np.eye(N_ITEMS), labels)
    ).T  # (U, 4)
    found = values(fitted(), new)
    scale = found[:, :1] / expected[:, :1]
    assert (scale > 0).all()
    np.testing.assert_allclose(found, expected * scale, atol=1e-3)


def test_few_items_and_many_users_are_solved_as_exactly() -> None:
    """More users than items takes another way to the same values, in which directions that say nothing are left out."""
    texts, labels = world()
    few, told = texts[:6], np.tile(labels[:6], (1, 3))[:, :20]  # 20 users, of whom 13 copy others
    told[:, told.sum(axis=0) == 0] = 1
    config = FilterLLMConfig(text_ridge=0.7, text_item_power=0.0, text_user_power=0.0)
    found = fit_text_tokens(
        few, sparse.csr_array(told), vectors=None, config=config, rng=np.random.default_rng(1)
    )
    assert found.tokens.shape[1] <= 6
    expected = (kernel(texts, few) @ np.linalg.solve(kernel(few, few) + 0.7 * np.eye(6), told)).T  # (U, 30)
    values_found = values(found, texts)
    scale = values_found[:, :1] / expected[:, :1]
    assert (scale > 0).all()
    np.testing.assert_allclose(values_found, expected * scale, atol=1e-3)


def test_the_power_of_the_items_does_not_reach_their_expected_popularity() -> None:
    texts = torch.from_numpy(np.roll(world()[0], 1, axis=1)[:4])
    found, other = fitted(), fitted(text_item_power=1.0)
    assert found.kernel(texts)[1].abs().max() > 0.05
    assert torch.equal(other.kernel(texts)[1], found.kernel(texts)[1])
    assert torch.equal(other.popularity, found.popularity)


def test_left_out_equals_a_regression_without_the_item_and_has_deviation_one() -> None:
    texts, labels = world()
    found = fitted()
    left_out = (found.left_out @ found.tokens.T).numpy()
    np.testing.assert_allclose(left_out.std(axis=0, ddof=1), 1, atol=1e-3)
    expected = left_out_values(texts, labels)
    expected /= expected.std(axis=0, ddof=1)
    np.testing.assert_allclose(left_out, expected, atol=2e-3)


def test_a_power_of_the_users_is_a_scale_which_the_deviation_of_one_takes_out_again() -> None:
    np.testing.assert_allclose(
        values(fitted(text_user_power=1.0), world()[0]), values(fitted(), world()[0]), atol=2e-3
    )


@pytest.mark.parametrize("power", [0.0, 0.5])
def test_whom_the_texts_tell_more_of_spreads_more(power: float) -> None:
    raw = left_out_values(world()[0], world()[1]).std(axis=0, ddof=1)
    found = fitted(text_user_spread=0.5, text_user_power=power)
    spread = (found.left_out @ found.tokens.T).numpy().std(axis=0, ddof=1)
    expected = np.sqrt(raw / np.exp(np.log(raw).mean()))
    np.testing.assert_allclose(spread, expected, rtol=2e-3)
    assert expected.max() > 1.05 > 0.95 > expected.min()


def test_who_is_told_nothing_of_spreads_as_little_as_anybody() -> None:
    np.testing.assert_allclose(_relative(np.array([4.0, 0.0, 1.0])), [2, 0.5, 0.5])
    np.testing.assert_array_equal(_relative(np.zeros(2)), [1, 1])


def test_what_is_missed_of_a_much_taken_item_counts_less() -> None:
    texts, labels = world()
    importance = 1 / labels.sum(axis=1)
    ridges = 0.7 * np.median(importance) / importance  # a residual that counts less is a greater ridge
    system = kernel(texts, texts).astype(np.float64) + np.diag(ridges)
    new = np.roll(texts, 1, axis=1)[:4]
    expected = (kernel(new, texts) @ np.linalg.solve(system, labels)).T  # (U, 4)
    for text_size in (N_USERS, N_ITEMS):
        found = values(fitted(text_item_power=1.0, text_size=text_size), new)
        scale = found[:, :1] / expected[:, :1]
        assert (scale > 0).all()
        np.testing.assert_allclose(found, expected * scale, atol=1e-3)
    assert np.abs(values(fitted(), new) - found).max() > 0.05


def test_left_out_values_of_the_guided_kernel_are_those_without_the_item() -> None:
    """The places in the kernel are given; what of an item's own labels reaches its value is taken out."""
    texts, labels = world()
    users = np.random.default_rng(5).standard_normal((N_USERS, 4)).astype(np.float32)
    found = fitted(users, smoothing=0.0, text_vector_share=0.4)
    width, landmarks = texts.shape[1], found.kernel.landmarks.numpy()
    np.testing.assert_allclose(landmarks[:, :width], 0.6 * texts, atol=1e-6)
    places = landmarks / np.sqrt(np.repeat([0.6, 0.4], [width, 4]))
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, atol=1e-5)
    expected = left_out_values(places, labels)
    expected /= expected.std(axis=0, ddof=1)
    np.testing.assert_allclose((found.left_out @ found.tokens.T).numpy(), expected, atol=3e-3)


def test_users_alike_speak_for_each_other() -> None:
    # users 0 and 1 have one vector: with all the weight on smoothing they say the same
    users = np.eye(N_USERS, dtype=np.float32)
    users[1] = users[0]
    text = {"text_vector_share": 0.0}
    both = values(fitted(users, smoothing=1000.0, smoothing_ridge=1e-6, **text), world()[0])
    np.testing.assert_allclose(both[0], both[1], atol=0.02)
    alone = values(fitted(users, smoothing=0.0, **text), world()[0])
    np.testing.assert_allclose(alone, values(fitted(), world()[0]), atol=1e-5)
    assert np.abs(alone[0] - alone[1]).max() > 0.5


def test_fewer_numbers_keep_what_varies_most() -> None:
    texts, _ = world()
    narrow = fitted(text_size=3)
    assert narrow.tokens.shape == (N_USERS, 3)
    correlation = np.corrcoef(values(narrow, texts).ravel(), values(fitted(), texts).ravel())[0, 1]
    assert 0.7 < correlation < 0.9999


def test_texts_that_tell_nothing_weigh_nothing_and_telling_ones_much() -> None:
    texts, labels = world()
    noise = likeliest_weight(
        fitted(), sparse.csr_array(labels), torch.zeros(N_USERS), rng=np.random.default_rng(0)
    )
    told = (texts @ np.random.default_rng(3).standard_normal((5, N_USERS)) > 0.3).astype(np.float32)
    told[np.arange(N_ITEMS), np.arange(N_ITEMS) % N_USERS] = 1
    config = FilterLLMConfig(text_ridge=0.7)
    found = fit_text_tokens(
        texts, sparse.csr_array(told), vectors=None, config=config, rng=np.random.default_rng(1)
    )
    sure = likeliest_weight(found, sparse.csr_array(told), torch.zeros(N_USERS), rng=np.random.default_rng(0))
    assert noise < 0.2
    assert sure > noise + 0.3


def test_where_users_are_many_fewer_items_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tokens, "VALUES_WEIGHED", 4 * N_USERS)
    asked: list[int] = []

    def counted(logits: torch.Tensor, row: torch.Tensor, user: torch.Tensor) -> torch.Tensor:
        asked.append(len(logits))
        return distribution_loss(logits, row, user)

    monkeypatch.setattr(text_tokens, "distribution_loss", counted)
    _, labels = world()
    likeliest_weight(fitted(), sparse.csr_array(labels), torch.zeros(N_USERS), rng=np.random.default_rng(0))
    assert set(asked) == {4}
