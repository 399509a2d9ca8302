"""A placed item that gathers interactions moves towards where the next training will put it; lists hardly change."""

from __future__ import annotations

import numpy as np
import pytest

from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace, compose, place
from models.coldstart.top_users import TopUsers
from models.collaborative.ials import fit_ials
from models.collaborative.ials_config import IalsConfig

USERS, ITEMS, NEW, READERS, K = 150, 90, 12, 24, 20
CONFIG = ColdUpdateConfig(users_per_item=10)
IALS = IalsConfig(d=12, sweeps=6)


class World:
    """Users and items with six tastes; what texts say is a third noise; NEW items come after the first training."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.user_tastes, self.item_tastes = rng.standard_normal((USERS, 6)), rng.standard_normal((ITEMS, 6))
        self.user_tastes *= 2.5 / np.linalg.norm(self.user_tastes, axis=1, keepdims=True)
        noisy = self.user_tastes @ self.item_tastes.T + 0.7 * rng.standard_normal((USERS, ITEMS))
        readers = np.argsort(-noisy, axis=0)[:READERS].T  # (I, READERS)
        self.readers = rng.permuted(readers, axis=1)
        texts = self.item_tastes + 0.5 * rng.standard_normal((ITEMS, 6))
        self.text_users = self.user_tastes.astype(np.float32)
        self.text_items = np.column_stack([texts, np.zeros(ITEMS)]).astype(np.float32)  # all appeal alike

    def pairs(self, items: range) -> np.ndarray:
        """Everything that is known of these items in the end."""
        return np.array([(user, item) for item in items for user in self.readers[item]])

    def trained(self, items: range) -> PublishedSpace:
        """The space after a training on these items."""
        found = fit_ials(self.pairs(items), n_users=USERS, n_items=ITEMS, config=IALS)
        alone = PublishedSpace.of_vectors(found.users, found.warm_items, found.warm_item_index)
        return compose(alone, self.text_users, self.text_items[: items.stop], config=CONFIG)

    def placed(self, space: PublishedSpace, n_real: int) -> np.ndarray:
        """The new items' vectors when each has so many readers."""
        new = range(ITEMS - NEW, ITEMS)
        logits = self.text_items[new.start :, :-1] @ self.text_users.T
        order = np.argsort(-logits, axis=1)[:, :K]
        logs = np.take_along_axis(logits, order, axis=1).astype(np.float32)
        logs -= np.log(np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
        real = np.array(
            [(at, user) for at, item in enumerate(new) for user in self.readers[item][:n_real]],
            dtype=np.int64,
        )
        return place(
            space,
            TopUsers(order, logs),
            real.reshape(-1, 2),
            text_items=self.text_items[new.start :],
            config=CONFIG,
        )


def lists(scores: np.ndarray) -> list[set[int]]:
    """The K best columns of each row."""
    return [set(row.tolist()) for row in np.argsort(-scores, axis=1)[:, :K]]


def overlap(one: list[set[int]], other: list[set[int]]) -> float:
    """Mean share of the lists that both have."""
    return float(np.mean([len(a & b) / K for a, b in zip(one, other, strict=True)]))


@pytest.fixture(scope="module")
def shares() -> dict[int, tuple[float, float]]:
    """Real readers -> what stays at the handover: of the items' audiences, and of the users' lists."""
    world = World()
    before, after = world.trained(range(ITEMS - NEW)), world.trained(range(ITEMS))
    final = after.users @ after.warm_items.T  # (U, I)
    found = {}
    for n_real in (0, 3, 12, READERS):
        rows = world.placed(before, n_real)
        shown = before.users @ np.concatenate([before.warm_items, rows]).T
        audiences = overlap(lists(shown[:, -NEW:].T), lists(final[:, -NEW:].T))
        found[n_real] = (audiences, overlap(lists(shown), lists(final)))
    return found


def test_the_more_interactions_the_nearer_to_the_trained_vector(
    shares: dict[int, tuple[float, float]],
) -> None:
    audiences = [shares[n_real][0] for n_real in (0, 3, 12, READERS)]
    assert audiences == sorted(audiences)
    assert audiences[-1] >= audiences[0] + 0.1, audiences


def test_the_handover_changes_no_ranking_abruptly(shares: dict[int, tuple[float, float]]) -> None:
    """With all its interactions at hand a placed item changes lists no more than a second training does anyway."""
    world = World()
    one = world.trained(range(ITEMS))
    again = fit_ials(
        world.pairs(range(ITEMS)), n_users=USERS, n_items=ITEMS, config=IalsConfig(d=12, sweeps=6, seed=7)
    )
    alone = PublishedSpace.of_vectors(again.users, again.warm_items, again.warm_item_index)
    other = compose(alone, world.text_users, world.text_items, config=CONFIG)
    usual = overlap(lists(one.users @ one.warm_items.T), lists(other.users @ other.warm_items.T))
    audiences, users = shares[READERS]
    print({"audiences": audiences, "lists of users": users, "two trainings on the same data": usual})
    assert audiences >= 0.7
    assert users >= min(0.8, usual - 0.1)
