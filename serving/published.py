"""The published version's vectors, held whole: a reader sees one version or the next, never a mixture."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PublishedSpace:
    """Everything one published version needs to answer; never changed after creation.

    Attributes:
        version: The published version's number.
        user_ids: External ids of the U users, in the order of ``users``.
        users: User vectors, shape (U, F), float32.
        item_ids: External ids of the I items that have a vector, in the order of ``items``.
        items: Item vectors, shape (I, F), float32.
        n_provisional: How many of the users, the last ones, were folded in and not trained.
    """

    version: int
    user_ids: Sequence[str]
    users: NDArray[np.float32]
    item_ids: Sequence[str]
    items: NDArray[np.float32]
    n_provisional: int = 0

    def __post_init__(self) -> None:
        for name, ids, vectors in (
            ("user", self.user_ids, self.users),
            ("item", self.item_ids, self.items),
        ):
            if vectors.ndim != 2 or len(ids) != len(vectors):
                raise ValueError(
                    f"version {self.version} needs one {name} vector per {name} id, "
                    f"got {len(ids)} ids and vectors of shape {vectors.shape}"
                )
            vectors.flags.writeable = False
        if self.users.shape[1] != self.items.shape[1]:
            raise ValueError(
                f"user and item vectors of version {self.version} must be of equal width, "
                f"got {self.users.shape[1]} and {self.items.shape[1]}"
            )

    def user_row(self, user_id: str) -> int:
        """The user's row in ``users``.

        Raises:
            KeyError: If the version does not know the user.
        """
        return self._user_rows[user_id]

    def is_provisional(self, user_id: str) -> bool:
        """Whether the user's vector stands in for one that the next retrain will make; False for an unknown user."""
        return self._user_rows.get(user_id, -1) >= len(self.user_ids) - self.n_provisional

    def item_row(self, item_id: str) -> int:
        """The item's row in ``items``.

        Raises:
            KeyError: If the version has no vector of the item.
        """
        return self._item_rows[item_id]

    def known_user_rows(self, user_ids: Iterable[str]) -> NDArray[np.int64]:
        """Rows of those users that this version knows, int64; the others are left out."""
        rows = [self._user_rows[each] for each in user_ids if each in self._user_rows]
        return np.array(rows, dtype=np.int64)

    def known_item_rows(self, item_ids: Iterable[str]) -> NDArray[np.int64]:
        """Rows of those items that this version knows, int64; the others are left out."""
        rows = [self._item_rows[each] for each in item_ids if each in self._item_rows]
        return np.array(rows, dtype=np.int64)

    @cached_property
    def _user_rows(self) -> dict[str, int]:
        return {each: row for row, each in enumerate(self.user_ids)}

    @cached_property
    def _item_rows(self) -> dict[str, int]:
        return {each: row for row, each in enumerate(self.item_ids)}


@dataclass(frozen=True)
class Edition:
    """What is published at one moment; another edition means that the vectors must be read again.

    Attributes:
        version: The published version's number.
        state: Changes whenever vectors of this version are added or replaced, as placing new items does.
    """

    version: int
    state: str


class PublicationSource(Protocol):
    """Where published versions come from."""

    def current_edition(self) -> Edition | None:
        """What is published now, None where nothing is."""

    def read_space(self, version: int) -> PublishedSpace:
        """All vectors of a version, read in one transaction."""

    def audience_of(self, version: int, item_id: str) -> Sequence[tuple[str, float]]:
        """The audience published for an item: user ids and log-probabilities in nats, most probable first.

        Empty for an item that has none in this version, as warm items have.
        """

    def items_of(self, user_id: str) -> Sequence[str]:
        """Ids of the items the user has interacted with by now; empty for an unknown user."""

    def users_of(self, item_id: str) -> Sequence[str]:
        """Ids of the users who have interacted with the item by now; empty for an unknown item."""


class NothingPublishedError(LookupError):
    """No version is published yet."""


class PublishedVersions:
    """Holds the current space and swaps it whole when another edition is published.

    Requests keep the space they were given; while one of them loads the next version, the others are answered
    from the one before.
    """

    def __init__(
        self,
        source: PublicationSource,
        *,
        check_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read before the first request.

        Args:
            source: Where versions come from.
            check_seconds: How long an answer may rest on a version that is no longer the published one; >= 0.
            clock: Seconds from any fixed moment.

        Raises:
            ValueError: If ``check_seconds`` is negative.
        """
        if check_seconds < 0:
            raise ValueError(f"check_seconds must not be negative, got {check_seconds}")
        self._source = source
        self._check_seconds = check_seconds
        self._clock = clock
        self._loading = threading.Lock()
        self._edition: Edition | None = None
        self._space: PublishedSpace | None = None
        self._checked_at = -float("inf")

    def current(self) -> PublishedSpace:
        """The space of the published version, at most ``check_seconds`` behind.

        Raises:
            NothingPublishedError: If no version is published.
        """
        # With a space in hand nobody waits for the one who loads; without one there is nothing else to do.
        due = self._space is None or self._clock() - self._checked_at >= self._check_seconds
        if due and self._loading.acquire(blocking=self._space is None):
            try:
                self._refresh()
            finally:
                self._loading.release()
        space = self._space
        if space is None:
            raise NothingPublishedError("nothing is published yet; run `coldcast retrain` first")
        return space

    def _refresh(self) -> None:
        """Read the published edition if it is not the one in hand."""
        self._checked_at = started = self._clock()
        edition = self._source.current_edition()
        if edition is None or edition == self._edition:
            return
        # The edition is asked for first: vectors added before the read are read once more, never missed.
        space = self._source.read_space(edition.version)
        self._edition, self._space = edition, space
        logger.info(
            "serving version %d: %d users, %d items, read in %.2f s",
            space.version,
            len(space.user_ids),
            len(space.item_ids),
            self._clock() - started,
        )
