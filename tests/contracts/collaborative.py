"""What every collaborative model must do: learn the checkerboard, follow a renumbering, repeat itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.collaborative.embeddings import CollaborativeEmbeddings

N_USERS = 24
N_ITEMS = 20
UNUSED_ITEMS = 3
"""Items after the board that nobody has chosen: they are not warm."""


def checkerboard() -> NDArray[np.int64]:
    """Even users like even items, odd users odd ones; user u's own item, u mod 20, is withheld."""
    return np.array(
        [(u, i) for u in range(N_USERS) for i in range(N_ITEMS) if (u - i) % 2 == 0 and i != u % N_ITEMS],
        dtype=np.int64,
    )


class CollaborativeContract:
    """Subclasses say how to fit; every test below then holds for that model."""

    def fit(
        self, train: NDArray[np.int64], *, n_users: int, n_items: int, seed: int
    ) -> CollaborativeEmbeddings:
        raise NotImplementedError

    def fitted(self, seed: int = 1) -> CollaborativeEmbeddings:
        return self.fit(checkerboard(), n_users=N_USERS, n_items=N_ITEMS + UNUSED_ITEMS, seed=seed)

    def test_shapes_kinds_and_warm_items(self) -> None:
        found = self.fitted()
        assert found.users.shape == (N_USERS, found.d)
        assert found.warm_items.shape == (N_ITEMS, found.d)
        assert found.warm_item_index.tolist() == list(range(N_ITEMS))
        assert np.isfinite(found.users).all()
        assert np.isfinite(found.warm_items).all()

    def test_the_withheld_diagonal_is_found(self) -> None:
        found = self.fitted()
        scores = found.users @ found.warm_items.T  # (U, W)
        for user in range(N_USERS):
            others = [item for item in range(N_ITEMS) if (user - item) % 2 == 1]
            assert scores[user, user % N_ITEMS] > scores[user, others].max()

    def test_same_seed_same_bits(self) -> None:
        first, second, other = self.fitted(), self.fitted(), self.fitted(seed=2)
        np.testing.assert_array_equal(first.users, second.users)
        np.testing.assert_array_equal(first.warm_items, second.warm_items)
        assert not np.array_equal(first.warm_items, other.warm_items)

    def test_renumbered_users_keep_their_taste(self) -> None:
        renumbered = np.random.default_rng(0).permutation(N_USERS)
        train = checkerboard()
        train[:, 0] = renumbered[train[:, 0]]
        found = self.fit(train, n_users=N_USERS, n_items=N_ITEMS, seed=1)
        scores = (found.users @ found.warm_items.T)[renumbered]  # row = the old number
        even = scores[:, 0::2].mean(axis=1) > scores[:, 1::2].mean(axis=1)
        assert even.tolist() == [user % 2 == 0 for user in range(N_USERS)]

    def test_items_that_nobody_chose_do_not_matter(self) -> None:
        more = self.fit(checkerboard(), n_users=N_USERS, n_items=N_ITEMS + 100, seed=1)
        np.testing.assert_array_equal(more.warm_items, self.fitted().warm_items)

    def test_pairs_that_are_broken_are_refused(self) -> None:
        train = checkerboard()
        with pytest.raises(ValueError, match="at least one pair"):
            self.fit(train[:0], n_users=N_USERS, n_items=N_ITEMS, seed=1)
        with pytest.raises(ValueError, match=rf"item_index must be in \[0, {N_ITEMS - 1}\)"):
            self.fit(train, n_users=N_USERS, n_items=N_ITEMS - 1, seed=1)
        with pytest.raises(ValueError, match=r"user_index must be in \[0, 5\), got 0 to 23"):
            self.fit(train, n_users=5, n_items=N_ITEMS, seed=1)
        with pytest.raises(ValueError, match=r"first: \[24\]"):
            self.fit(train, n_users=N_USERS + 1, n_items=N_ITEMS, seed=1)
        with pytest.raises(ValueError, match="user 0 and item 2 come twice"):
            self.fit(np.concatenate((train, train[:1])), n_users=N_USERS, n_items=N_ITEMS, seed=1)
