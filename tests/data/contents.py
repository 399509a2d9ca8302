"""A small store's contents, made by hand or at random, for tests of snapshots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.snapshot_build import StoreContents

Event = tuple[int, int, int, float]  # position of user, position of item, time, weight


def contents_of(
    events: list[Event],
    *,
    users: list[str],
    items: list[str],
    tokens: list[int] | None = None,
) -> StoreContents:
    """Contents whose user keys are 10, 20, ... and item keys 5, 10, ...; tokens are positions of users."""
    user_keys, item_keys = 10 * np.arange(1, len(users) + 1), 5 * np.arange(1, len(items) + 1)
    columns = np.array(events, dtype=np.float64).reshape(-1, 4)
    return StoreContents(
        user_keys=user_keys,
        user_ids=np.array(users, dtype=object),
        item_keys=item_keys,
        item_ids=np.array(items, dtype=object),
        texts=[f"title of {item}" for item in items],
        event_users=user_keys[columns[:, 0].astype(np.int64)],
        event_items=item_keys[columns[:, 1].astype(np.int64)],
        times=columns[:, 2].astype(np.int64),
        weights=columns[:, 3].astype(np.float32),
        token_users=user_keys[np.array(tokens or [], dtype=np.int64)],
        watermark={"interaction_key": len(events)},
    )


def random_events(n_users: int, n_items: int, *, n: int, seed: int) -> list[Event]:
    """Distinct (user, item, time) events, most pairs once, some at several times; items arrive one by one."""
    generator = np.random.default_rng(seed)
    items = generator.integers(0, n_items, n)
    times = 30 * items + generator.integers(1, 200, n)
    drawn: NDArray[np.int64] = np.stack([generator.integers(0, n_users, n), items, times], axis=1)
    unique = np.unique(drawn, axis=0)
    generator.shuffle(unique)
    return [(int(user), int(item), int(time), float(time % 5 + 1)) for user, item, time in unique]
