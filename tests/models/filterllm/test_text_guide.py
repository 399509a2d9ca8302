"""What a text leads to expect is a regression's, for training items one that has not seen them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.filterllm.text_guide import Expected, TextGuide, fit_text_guide

N_ITEMS, H, D = 40, 6, 3
RIDGE = 0.7
TAKEN = np.random.default_rng(7).integers(1, 50, N_ITEMS)


def world() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    texts = rng.standard_normal((N_ITEMS, H)).astype(np.float32)
    items = texts @ rng.standard_normal((H, D)) + 0.3 * rng.standard_normal((N_ITEMS, D))
    return unit(texts), items.astype(np.float32)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def regression(
    texts: NDArray[np.float32], targets: NDArray[np.float32], at: NDArray[np.float32]
) -> NDArray[np.float64]:
    system = np.exp(texts @ texts.T - 1).astype(np.float64) + RIDGE * np.eye(len(texts))
    return np.asarray(np.exp(at @ texts.T - 1) @ np.linalg.solve(system, targets))


def fitted(scale: float = 1.0, *, landmarks: int = 100) -> tuple[TextGuide, Expected]:
    texts, items = world()
    return fit_text_guide(
        texts,
        items * np.float32(scale),
        TAKEN,
        ridge=RIDGE,
        landmarks=landmarks,
        rng=np.random.default_rng(1),
    )


def test_an_items_own_vector_has_no_part_in_what_is_expected_of_it() -> None:
    texts, items = world()
    targets = unit(items) - unit(items).mean(axis=0)
    expected = np.empty((N_ITEMS, D))
    for item in range(N_ITEMS):
        rest = np.arange(N_ITEMS) != item
        expected[item] = regression(texts[rest], targets[rest], texts[[item]])[0]
    found = fitted()[1]
    np.testing.assert_allclose(
        found.vectors, unit((expected - expected.mean(axis=0)).astype(np.float32)), atol=2e-3
    )


def test_a_new_texts_vector_is_the_regressions_beside_its_own() -> None:
    texts, items = world()
    guide, _ = fitted()
    new = np.roll(texts, 1, axis=1)[:5]
    targets = unit(items) - unit(items).mean(axis=0)
    found = guide(torch.from_numpy(new))[0].numpy()
    assert found.shape == (5, H + D)
    np.testing.assert_array_equal(found[:, :H], new)
    expected = regression(texts, targets, new) - guide.mean.numpy()
    np.testing.assert_allclose(found[:, H:], unit(expected.astype(np.float32)), atol=2e-3)


def test_popularity_is_a_regression_of_the_logarithm_of_how_often_items_are_taken() -> None:
    texts, _ = world()
    taken = (np.log(TAKEN) - np.log(TAKEN).mean())[:, None].astype(np.float32)
    guide, expected = fitted()
    new = np.roll(texts, 1, axis=1)[:5]
    np.testing.assert_allclose(
        guide(torch.from_numpy(new))[1].numpy(), regression(texts, taken, new)[:, 0], atol=1e-4
    )
    item, rest = 3, np.arange(N_ITEMS) != 3  # as if it had never been seen, but for the mean that all share
    without = regression(texts[rest], taken[rest], texts[[item]])[0]
    np.testing.assert_allclose(expected.popularity[[item]], without, atol=1e-4)


def test_what_texts_tell_of_the_vectors_is_found() -> None:
    _, items = world()
    left_out = fitted()[1].vectors
    towards = unit(items - items.mean(axis=0))
    assert (left_out * towards).sum(axis=1).mean() > 0.6
    shuffled = towards[np.random.default_rng(2).permutation(N_ITEMS)]
    assert abs((left_out * shuffled).sum(axis=1).mean()) < 0.3


def test_a_share_of_the_items_stands_for_all() -> None:
    guide, found = fitted(landmarks=20)
    assert guide.landmarks.shape == (20, H)
    assert found.vectors.shape == (N_ITEMS, D)
    assert (found.vectors * fitted()[1].vectors).sum(axis=1).mean() > 0.7
    assert np.corrcoef(found.popularity, fitted()[1].popularity)[0, 1] > 0.7


def test_an_empty_guide_leaves_the_text_alone() -> None:
    texts = torch.from_numpy(world()[0])
    places, popularity = TextGuide.empty(H)(texts)
    assert torch.equal(places, texts)
    assert torch.equal(popularity, torch.zeros(N_ITEMS))


def test_without_vectors_the_popularity_alone_is_expected() -> None:
    texts, _ = world()
    none = np.zeros((N_ITEMS, 0), dtype=np.float32)
    guide, found = fit_text_guide(
        texts, none, TAKEN, ridge=RIDGE, landmarks=100, rng=np.random.default_rng(1)
    )
    assert found.vectors.shape == (N_ITEMS, 0)
    places, popularity = guide(torch.from_numpy(texts))
    assert torch.equal(places, torch.from_numpy(texts))
    np.testing.assert_allclose(popularity, fitted()[0](torch.from_numpy(texts))[1], atol=1e-5)


def test_a_text_of_which_nothing_is_expected_stays_finite() -> None:
    guide = TextGuide(torch.ones((1, H)), torch.zeros((1, D)), torch.zeros(D), torch.ones(1))
    assert torch.isfinite(guide(torch.from_numpy(world()[0]))[0]).all()


@pytest.mark.parametrize("scale", [0.1, 50.0])
def test_only_directions_of_the_items_vectors_count(scale: float) -> None:
    np.testing.assert_allclose(fitted(scale)[1].vectors, fitted()[1].vectors, atol=1e-5)
