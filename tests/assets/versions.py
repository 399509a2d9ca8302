"""A snapshot made by hand and model versions that say what a table says: no training, no language model."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assets.model_version import ModelVersion
from data.id_map import IdMap
from data.interactions import Interactions
from data.item_texts import ItemTexts
from data.snapshot import Manifest, Snapshot
from data.split import HeldOut, ItemRole, Split
from models.coldstart.published_space import PublishedSpace
from models.coldstart.top_users import TopUsers

USERS = ["ann", "bob", "cyd", "dan"]
ITEMS = ["w0", "w1", "w2", "v0", "v1", "t0", "t1", "n0"]
TEXTS = [f"title of {item}" for item in ITEMS]
ROLES = (
    [ItemRole.WARM] * 3
    + [ItemRole.COLD_VALIDATION] * 2
    + [ItemRole.COLD_TEST] * 2
    + [ItemRole.WITHOUT_INTERACTIONS]
)


def pairs(*listed: tuple[int, int]) -> Any:
    return np.array(listed, dtype=np.int64).reshape(-1, 2)


def snapshot(*, users: Sequence[str] = USERS, content_hash: str = "hash") -> Snapshot:
    """Four users; items w* warm, v* held out for validation, t* for test, n0 without interactions."""
    train = pairs((0, 0), (0, 1), (1, 1), (2, 2), (3, 0))
    validation = HeldOut(warm=pairs((0, 2)), cold=pairs((0, 3), (1, 3), (2, 4)))
    test = HeldOut(warm=pairs((1, 0)), cold=pairs((0, 5), (1, 6), (3, 6)))
    listed = [train, validation.warm, validation.cold, test.warm, test.cold]
    every = np.unique(np.concatenate(listed), axis=0)
    zeros = np.zeros(len(every), dtype=np.int64)
    return Snapshot(
        users=IdMap(users),
        user_tokens=np.arange(len(users)),
        items=IdMap(ITEMS),
        texts=ItemTexts(TEXTS),
        interactions=Interactions(
            every, zeros, np.ones(len(every), dtype=np.float32), n_users=len(users), n_items=len(ITEMS)
        ),
        split=Split("live", train, validation, test, np.array(ROLES, dtype=np.int8)),
        manifest=Manifest(
            "000001-hash", content_hash, "live", {}, {}, "2024-01-01T00:00:00+00:00", ["careful"]
        ),
    )


@dataclass
class TableModel:
    """Answers each text with the probabilities in a table; every other text with the same for all users."""

    n_users: int
    table: Mapping[str, Sequence[float]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def remembering(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def user_factors(self) -> Any:
        return np.eye(self.n_users, dtype=np.float32)

    def item_factors(self, texts: Sequence[str]) -> Any:
        even = [1 / self.n_users] * self.n_users
        return np.log(np.array([self.table.get(text, even) for text in texts], dtype=np.float32))

    def simulate(self, texts: Sequence[str], *, k: int) -> TopUsers:
        self.asked.append(list(texts))
        logs = self.item_factors(texts).reshape(-1, self.n_users)
        order = np.argsort(-logs, axis=1, kind="stable")[:, :k]
        return TopUsers(order.astype(np.int64), np.take_along_axis(logs, order, axis=1))

    def encode(self, texts: Sequence[str]) -> Any:
        return np.array([[len(text), text.count("t"), 1] for text in texts], dtype=np.float32)


def version(
    number: int = 1,
    *,
    users: Sequence[str] = USERS,
    warm_items: Sequence[str] = ("w0", "w1", "w2"),
    table: Mapping[str, Sequence[float]] | None = None,
    content_hash: str = "hash",
) -> ModelVersion:
    """A version in a space of as many dimensions as users: user u has the unit vector u."""
    space = PublishedSpace.of_vectors(
        users=np.eye(len(users), dtype=np.float32),
        warm_items=np.ones((len(warm_items), len(users)), dtype=np.float32),
        warm_item_index=np.arange(len(warm_items)),
    )
    model: Any = TableModel(len(users), table or {})
    return ModelVersion(number, f"key-{number}", content_hash, IdMap(users), IdMap(warm_items), space, model)
