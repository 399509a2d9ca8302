"""The live holdout: what is held out stays held out, whatever arrives later."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.holdout import LiveHoldout, hash_positions, id_hashes, live_split
from data.split import ItemRole, Split

HELD_OUT = (ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)


def random_pairs(n_users: int, n_items: int, *, n: int, seed: int) -> NDArray[np.int64]:
    generator = np.random.default_rng(seed)
    drawn = np.stack([generator.integers(0, n_users, n), generator.integers(0, n_items, n)], axis=1)
    return np.unique(drawn, axis=0)


def ids(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{at}" for at in range(n)]


def split_of(
    n_users: int, n_items: int, pairs: NDArray[np.int64], *, holdout: LiveHoldout | None = None
) -> Split:
    return live_split(
        ids("u", n_users), ids("i", n_items), pairs=pairs, holdout=holdout or LiveHoldout(0.2, 20)
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    more_users=st.integers(0, 20),
    more_items=st.integers(0, 60),
    more_pairs=st.integers(0, 400),
    minimum=st.integers(0, 80),
)
def test_what_is_held_out_stays_held_out_when_data_grows(
    seed: int, more_users: int, more_items: int, more_pairs: int, minimum: int
) -> None:
    old_pairs = random_pairs(30, 120, n=800, seed=seed)
    old = split_of(30, 120, old_pairs, holdout=LiveHoldout(0.2, 30))
    users, items = 30 + more_users, 120 + more_items
    grown = np.unique(
        np.concatenate([old_pairs, random_pairs(users, items, n=more_pairs, seed=seed + 1)]), axis=0
    )
    new = split_of(
        users, items, grown, holdout=LiveHoldout(0.1, minimum, previous_threshold=old.holdout_threshold)
    )
    assert old.holdout_threshold is not None
    assert new.holdout_threshold is not None
    assert new.holdout_threshold >= old.holdout_threshold
    trained = {tuple(pair) for pair in new.train.tolist()}
    once_held_out = np.concatenate([old.validation.warm, old.validation.cold, old.test.warm, old.test.cold])
    assert not trained & {tuple(pair) for pair in once_held_out.tolist()}
    for role in HELD_OUT:  # and validation never becomes test
        assert set(old.items_with_role(role)) <= set(new.items_with_role(role))
    assert not set(new.train[:, 1]) & set(old.items_with_role(*HELD_OUT))
    held_pairs_then = {tuple(pair) for pair in old.test.warm.tolist()}
    assert not held_pairs_then & {tuple(pair) for pair in new.validation.warm.tolist()}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_users_and_items_changes_nothing_but_numbers(seed: int) -> None:
    pairs = random_pairs(30, 90, n=700, seed=seed)
    generator = np.random.default_rng(seed)
    user_to, item_to = generator.permutation(30), generator.permutation(90)
    user_ids, item_ids = np.array(ids("u", 30), dtype=object), np.array(ids("i", 90), dtype=object)
    moved_users, moved_items = np.empty_like(user_ids), np.empty_like(item_ids)
    moved_users[user_to], moved_items[item_to] = user_ids, item_ids
    moved_pairs = np.stack([user_to[pairs[:, 0]], item_to[pairs[:, 1]]], axis=1)
    holdout = LiveHoldout(0.2, 20)
    plain = live_split(user_ids, item_ids, pairs=pairs, holdout=holdout)
    moved = live_split(moved_users, moved_items, pairs=moved_pairs, holdout=holdout)
    for one, other in ((plain.train, moved.train), (plain.test.cold, moved.test.cold)):
        named = {(user_ids[user], item_ids[item]) for user, item in one}
        assert named == {(moved_users[user], moved_items[item]) for user, item in other}


def test_an_item_that_gets_its_first_event_follows_its_hash() -> None:
    pairs = random_pairs(40, 100, n=900, seed=3)
    without = pairs[pairs[:, 1] >= 50]
    before = split_of(40, 100, without, holdout=LiveHoldout(0.3, 0))
    after = split_of(40, 100, pairs, holdout=LiveHoldout(0.3, 0))
    assert (before.item_role[:50] == ItemRole.WITHOUT_INTERACTIONS).all()
    positions = hash_positions(id_hashes(ids("i", 50), kind="item", salt="coldcast"))
    held = np.isin(after.item_role[:50], [int(role) for role in HELD_OUT])
    assert np.array_equal(held, positions < 0.3)


def test_the_fractions_are_met_and_halved() -> None:
    pairs = random_pairs(500, 4000, n=60_000, seed=1)
    split = split_of(500, 4000, pairs, holdout=LiveHoldout(minimum=100))
    held = len(split.items_with_role(*HELD_OUT))
    assert split.holdout_threshold == 0.05
    assert abs(held - 200) < 4 * np.sqrt(4000 * 0.05 * 0.95)  # four standard errors
    assert abs(len(split.items_with_role(ItemRole.COLD_TEST)) - held / 2) < 4 * np.sqrt(held / 4)
    warm_pairs = len(split.train) + len(split.validation.warm) + len(split.test.warm)
    assert abs(len(split.train) / warm_pairs - 0.95) < 4 * np.sqrt(0.05 * 0.95 / warm_pairs)


def test_the_minimum_raises_the_threshold_exactly() -> None:
    split = split_of(50, 400, random_pairs(50, 400, n=6000, seed=2), holdout=LiveHoldout(0.05, 100))
    assert len(split.items_with_role(*HELD_OUT)) == 100


def test_the_minimum_claims_at_most_half_of_a_small_store() -> None:
    split = split_of(50, 100, random_pairs(50, 100, n=3000, seed=2), holdout=LiveHoldout(0.05, 200))
    assert len(split.items_with_role(*HELD_OUT)) == 50


def test_a_threshold_above_the_cap_is_kept() -> None:
    split = split_of(
        50, 100, random_pairs(50, 100, n=3000, seed=2), holdout=LiveHoldout(0.05, 0, previous_threshold=0.7)
    )
    assert split.holdout_threshold == 0.7


def test_salt_and_kind_change_every_hash() -> None:
    plain = id_hashes(["1", "2"], kind="item", salt="a")
    assert (plain != id_hashes(["1", "2"], kind="item", salt="b")).all()
    assert (plain != id_hashes(["1", "2"], kind="user", salt="a")).all()
    assert plain.tolist() == id_hashes(["1", "2"], kind="item", salt="a").tolist()


def test_hashes_are_golden() -> None:
    """Held-out sets of existing stores hang on these numbers; a change here breaks the promise to them.

    Source: ``blake2b(id, digest_size=8, key=blake2b(salt, digest_size=32), person=kind)``, little-endian.
    """
    key = hashlib.blake2b(b"coldcast", digest_size=32).digest()
    expected = hashlib.blake2b("Größe".encode(), digest_size=8, key=key, person=b"item").digest()
    found = id_hashes(["Größe"], kind="item", salt="coldcast")
    assert int(found[0]) == int.from_bytes(expected, "little")
    split = split_of(4, 8, random_pairs(4, 8, n=200, seed=0), holdout=LiveHoldout(0.5, 0))
    assert split.item_role.tolist() == [2, 1, 0, 0, 0, 1, 0, 0]
    train = "03 06 07 12 16 17 23 24 27 32"
    assert " ".join(f"{user}{item}" for user, item in split.train) == train


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fraction": 0.0}, r"fraction must be in \(0, 0.5\], got 0.0"),
        ({"fraction": 0.6}, "got 0.6"),
        ({"minimum": -1}, "minimum must be at least 0 items, got -1"),
        ({"previous_threshold": 1.5}, r"previous_threshold must be in \[0, 1\], got 1.5"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LiveHoldout(**values)  # type: ignore[arg-type]
