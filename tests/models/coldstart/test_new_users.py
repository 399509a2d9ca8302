"""A user folded in lies where training him would have put him."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.coldstart.config import ColdUpdateConfig
from models.coldstart.new_users import NewUserConfig, NewUsers
from models.coldstart.published_space import PublishedSpace, compose, spread, with_user_offsets
from models.coldstart.top_users import TopUsers
from models.collaborative.ials import fit_ials
from models.collaborative.ials_config import IalsConfig

U, W, D, E = 30, 20, 6, 5


def space(*, text: bool = True) -> PublishedSpace:
    rng = np.random.default_rng(0)

    def table(rows: int, columns: int) -> np.ndarray:
        return rng.standard_normal((rows, columns)).astype(np.float32)

    alone = PublishedSpace.of_vectors(table(U, D), table(W, D), np.arange(W))
    return compose(
        alone, table(U, E), table(W, E + 1), config=ColdUpdateConfig(text_weight=3.0 if text else 0.0)
    )


def nobody_placed(of: PublishedSpace) -> np.ndarray:
    return np.empty((0, of.d), dtype=np.float32)


def pairs(*listed: tuple[int, int]) -> np.ndarray:
    return np.array(listed, dtype=np.int64).reshape(-1, 2)


def test_the_collaborative_part_is_the_half_sweep_of_ials() -> None:
    rng = np.random.default_rng(1)
    train = np.unique(np.column_stack([rng.integers(0, 40, 400), rng.integers(0, 25, 400)]), axis=0)
    ials = IalsConfig(d=4, sweeps=1)
    trained = fit_ials(train, n_users=40, n_items=25, config=ials)
    # the users of the next sweep, solved from the items of this one
    of = PublishedSpace.of_vectors(trained.users, trained.warm_items, trained.warm_item_index)
    place = np.searchsorted(trained.warm_item_index, train[:, 1])
    found = NewUsers.of(of, nobody_placed(of)).from_items(np.column_stack([train[:, 0], place]), n_users=40)
    items = trained.warm_items.astype(np.float64)
    for user in (0, 7):
        own = items[place[train[:, 0] == user]]
        ridge = 0.05 * (len(own) + 0.01 * len(items)) ** 0.5
        system = own.T @ own + 0.01 * items.T @ items + ridge * np.eye(4)
        np.testing.assert_allclose(
            found.vectors[user], np.linalg.solve(system, own.sum(axis=0)), rtol=1e-3, atol=1e-5
        )


def test_users_are_folded_in_under_the_spaces_regulariser_unless_the_settings_have_one() -> None:
    of = replace(space(text=False), regulariser=5.0)
    found, told, other = (
        NewUsers.of(of, nobody_placed(of), config=NewUserConfig(regulariser=given)).from_items(
            pairs((0, 1), (0, 4)), n_users=1
        )
        for given in (None, 5.0, 0.05)
    )
    np.testing.assert_array_equal(found.vectors, told.vectors)
    assert not np.array_equal(found.vectors, other.vectors)


def test_both_parts_have_the_spread_of_known_users_and_the_offset_counts() -> None:
    of = space()
    found = NewUsers.of(of, nobody_placed(of)).from_items(pairs((0, 1), (0, 4), (1, 2)), n_users=2)
    assert found.vectors.shape == (2, D + E + 2)
    warm = of.warm_items
    np.testing.assert_allclose(spread(found.vectors[:, :D], warm[:, :D]), 1.0, rtol=1e-4)
    known = np.median(spread(of.users[:, D:-2], warm[:, D:-2]))
    np.testing.assert_allclose(spread(found.vectors[:, D:-2], warm[:, D:-2]), known, rtol=1e-4)
    np.testing.assert_array_equal(found.vectors[:, -1], 1.0)
    np.testing.assert_allclose(found.vectors[:, -2], of.users[:, -2].mean(), rtol=1e-5)


def test_the_offset_of_a_new_user_is_the_mean_of_the_known_ones() -> None:
    of = with_user_offsets(space(), np.arange(float(len(space().users))))
    found = NewUsers.of(of, nobody_placed(of)).from_items(pairs((0, 1), (1, 2)), n_users=2)
    np.testing.assert_allclose(found.vectors[:, -1], of.users[:, -1].mean(), rtol=1e-5)


def test_a_user_likes_what_he_has_touched() -> None:
    of = space()
    found = NewUsers.of(of, nobody_placed(of)).from_items(pairs((0, 3), (1, 8)), n_users=2)
    assert (found.vectors @ of.warm_items.T).argmax(axis=1).tolist() == [3, 8]


def test_users_do_not_depend_on_each_other_nor_on_the_order_of_what_they_touched() -> None:
    of = space()
    prepared = NewUsers.of(of, nobody_placed(of))
    both = prepared.from_items(pairs((1, 5), (0, 1), (0, 4), (1, 2)), n_users=2)
    alone = prepared.from_items(pairs((0, 2), (0, 5)), n_users=1)
    np.testing.assert_allclose(both.vectors[1], alone.vectors[0], rtol=1e-5, atol=1e-6)


def test_placed_items_count_too_and_their_length_does_not() -> None:
    of = space()
    placed = np.concatenate([of.warm_items[[3]], 50 * of.warm_items[[3]]])
    prepared = NewUsers.of(of, placed)
    found = prepared.from_items(pairs((0, W), (1, W + 1)), n_users=2)
    scores = found.vectors @ of.warm_items.T
    assert scores.argmax(axis=1).tolist() == [3, 3]
    np.testing.assert_allclose(found.vectors[0, D:], found.vectors[1, D:], rtol=1e-3, atol=1e-4)


def test_words_alone_give_the_mean_of_the_users_nearest_to_them() -> None:
    of = space()
    prepared = NewUsers.of(of, nobody_placed(of), config=NewUserConfig(nearest=2))
    top = TopUsers(np.array([[4, 9, 1]]), np.log(np.array([[0.6, 0.2, 0.1]], dtype=np.float32)))
    found = prepared.from_similar(top).vectors[0]
    mean = 0.75 * of.users[4] + 0.25 * of.users[9]
    for part in (slice(0, D), slice(D, D + E)):
        ratio = found[part] / mean[part]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    assert found[-1] == 1.0


def test_a_space_without_a_text_part_has_none_for_new_users() -> None:
    of = space(text=False)
    found = NewUsers.of(of, nobody_placed(of)).from_items(pairs((0, 3)), n_users=1)
    assert found.vectors.shape == (1, D)
    assert found.collaborative_scale.tolist() == [1.0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (pairs((0, W)), f"items below {W}"),
        (pairs((2, 1)), "users below 2"),
        (pairs((1, 1)), r"1 of 2 users have touched nothing \(first: 0\)"),
        (np.zeros((3, 1), dtype=np.int64), "shape"),
    ],
)
def test_bad_pairs_are_refused(given: np.ndarray, message: str) -> None:
    of = space()
    with pytest.raises(ValueError, match=message):
        NewUsers.of(of, nobody_placed(of)).from_items(given, n_users=2)


@pytest.mark.parametrize("name", ["unobserved_weight", "regulariser", "text_unobserved_weight", "text_ridge"])
def test_settings_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0"):
        NewUserConfig(**{name: 0.0})


@pytest.mark.benchmark
def test_a_user_takes_at_most_five_milliseconds() -> None:
    """At the sizes of a real version (d = 400, D = 400, 10,000 warm items), alone and in a batch, 50 items each."""
    rng = np.random.default_rng(0)

    def table(rows: int, columns: int) -> np.ndarray:
        return rng.standard_normal((rows, columns)).astype(np.float32)

    alone = PublishedSpace.of_vectors(table(2_000, 400), table(10_000, 400), np.arange(10_000))
    of = compose(alone, table(2_000, 400), table(10_000, 401), config=ColdUpdateConfig())
    prepared = NewUsers.of(of, nobody_placed(of))
    touched = np.column_stack([np.repeat(np.arange(200), 50), rng.permutation(10_000)])
    batch = min(seconds(lambda: prepared.from_items(touched, n_users=200)) / 200 for _ in range(3))
    alone_ = min(seconds(lambda: prepared.from_items(touched[:50], n_users=1)) for _ in range(20))
    print(f"milliseconds per user: {1000 * batch:.2f} in a batch of 200, {1000 * alone_:.2f} alone")
    assert max(batch, alone_) <= 0.005


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
