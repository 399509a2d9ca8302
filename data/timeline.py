"""Timeline: everything that a store holds, in the order in which it arrived, to be looked at as of any time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.id_map import IdMap
from data.snapshot_build import StoreContents
from data.store.world import World

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Timeline:
    """Users, items and events in order of arrival.

    A user arrives with the first event, an item with its first event or before, when the source says so. Numbers
    of users and items follow that order, so that what is known at a time is a prefix.

    Attributes:
        users: The U users who have an event.
        user_arrivals: Unix seconds, shape (U,), int64, not falling.
        items: The I items.
        item_arrivals: Unix seconds, shape (I,), int64, not falling.
        texts: Of the items.
        pairs: User and item number of each of the E events, shape (E, 2), int64.
        times: Unix seconds of each event, shape (E,), int64, not falling.
        weights: Shape (E,), float32.
    """

    users: IdMap
    user_arrivals: NDArray[np.int64]
    items: IdMap
    item_arrivals: NDArray[np.int64]
    texts: list[str]
    pairs: NDArray[np.int64]
    times: NDArray[np.int64]
    weights: NDArray[np.float32]

    @classmethod
    def of_world(cls, world: World) -> Timeline:
        """Put a store's contents in order.

        Raises:
            InputError: If it holds no event, or an event without a time.
        """
        pairs, times, weights = world.event_pairs(), world.events.times, world.events.weights
        unknown = int((times <= 0).sum())
        if unknown or not len(times):
            raise InputError(
                f"a replay needs a time for every event, got {unknown} of {len(times)} without. Remedy: take a "
                "source with times, such as movietweetings or movielens, or files with a column time"
            )
        first_of_user, first_of_item = (
            _first_times(pairs[:, side], times, n=n)
            for side, n in ((0, len(world.users)), (1, len(world.items)))
        )
        arrivals = np.minimum(world.items.created_at, first_of_item)
        user_order = np.argsort(first_of_user, kind="stable")[: int((first_of_user < NEVER).sum())]
        item_order = np.argsort(arrivals, kind="stable")
        order = np.argsort(times, kind="stable")
        numbers = np.stack(
            [
                _places(user_order, len(world.users))[pairs[order, 0]],
                _places(item_order, len(world.items))[pairs[order, 1]],
            ],
            axis=1,
        )
        return cls(
            users=IdMap(world.users.user_ids[user_order]),
            user_arrivals=first_of_user[user_order],
            items=IdMap(world.items.item_ids[item_order]),
            item_arrivals=arrivals[item_order],
            texts=world.items.texts[item_order].tolist(),
            pairs=numbers,
            times=times[order],
            weights=weights[order],
        )

    @property
    def n_users(self) -> int:
        """U."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.items)

    def users_at(self, time: int) -> int:
        """How many users have arrived before a time: they have the numbers below."""
        return int(np.searchsorted(self.user_arrivals, time))

    def items_at(self, time: int) -> int:
        """How many items have arrived before a time: they have the numbers below."""
        return int(np.searchsorted(self.item_arrivals, time))

    def pairs_before(self, time: int) -> NDArray[np.int64]:
        """Pairs of all events before a time, shape (n, 2), int64, with repeats."""
        return self.pairs[: np.searchsorted(self.times, time)]

    def pairs_between(self, first: int, end: int) -> NDArray[np.int64]:
        """Pairs of the events from ``first`` on and before ``end``, shape (n, 2), int64, with repeats."""
        begin, stop = np.searchsorted(self.times, [first, end])
        return self.pairs[begin:stop]

    def contents_at(self, time: int) -> StoreContents:
        """What a store that got everything in order would have held at a time, no user having a token yet."""
        n_users, n_items = self.users_at(time), self.items_at(time)
        n_events = int(np.searchsorted(self.times, time))
        return StoreContents(
            user_keys=np.arange(1, n_users + 1),
            user_ids=self.users.ids[:n_users],
            item_keys=np.arange(1, n_items + 1),
            item_ids=self.items.ids[:n_items],
            texts=self.texts[:n_items],
            event_users=self.pairs[:n_events, 0] + 1,
            event_items=self.pairs[:n_events, 1] + 1,
            times=self.times[:n_events],
            weights=self.weights[:n_events],
            token_users=np.empty(0, dtype=np.int64),
            watermark={"n_users": n_users, "n_items": n_items, "n_interactions": n_events},
        )


def _first_times(numbers: NDArray[np.int64], times: NDArray[np.int64], *, n: int) -> NDArray[np.int64]:
    """The earliest time of each number, shape (n,), int64; never where it has none."""
    first = np.full(n, NEVER, dtype=np.int64)
    np.minimum.at(first, numbers, times)
    return first


def _places(order: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Where each of n stands in ``order``, int64; -1 where it does not."""
    places = np.full(n, -1, dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
