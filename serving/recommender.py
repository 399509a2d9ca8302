"""Ids in, ranked ids out: items for a user, users for an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.retrieval import ExclusionLists, top_k
from serving.published import PublishedSpace


@dataclass(frozen=True)
class RankedId:
    """One place in a ranking: an external id and its score, the higher the better."""

    id: str
    score: float


class UnknownUserError(KeyError):
    """The published version does not know the user."""


class UnknownItemError(KeyError):
    """The published version has no vector of the item."""


def recommend_items(
    space: PublishedSpace, user_id: str, *, k: int, seen: Sequence[str] = ()
) -> list[RankedId]:
    """The items a user is most likely to want, without those already seen.

    Args:
        space: A published version.
        user_id: External id of the user.
        k: Items wanted, at least 1.
        seen: External ids of items not to return; ids without a vector are passed over.

    Returns:
        At most ``k`` items by falling inner product; fewer where fewer are left.

    Raises:
        UnknownUserError: If the version does not know the user.
        ValueError: If ``k`` is below 1.
    """
    try:
        query = space.users[space.user_row(user_id)]  # (F,)
    except KeyError:
        raise UnknownUserError(
            f"user {user_id!r} is not among the {len(space.user_ids)} users of version {space.version}; "
            "new users join with `coldcast fold-in`, or with the next retrain"
        ) from None
    return _ranked(query, space.items, space.item_ids, k=k, excluded=space.known_item_rows(seen))


def nearest_users(
    space: PublishedSpace, item_id: str, *, k: int, seen_by: Sequence[str] = ()
) -> list[RankedId]:
    """The users nearest to an item's vector, without those who already have it.

    Args:
        space: A published version.
        item_id: External id of the item.
        k: Users wanted, at least 1.
        seen_by: External ids of users not to return; unknown ones are passed over.

    Returns:
        At most ``k`` users by falling inner product; fewer where fewer are left.

    Raises:
        UnknownItemError: If the version has no vector of the item.
        ValueError: If ``k`` is below 1.
    """
    try:
        query = space.items[space.item_row(item_id)]  # (F,)
    except KeyError:
        raise UnknownItemError(
            f"item {item_id!r} is not among the {len(space.item_ids)} items of version {space.version}; "
            "new items get their vector from `coldcast place`"
        ) from None
    return _ranked(query, space.users, space.user_ids, k=k, excluded=space.known_user_rows(seen_by))


def published_audience(
    predicted: Sequence[tuple[str, float]], *, k: int, seen_by: Sequence[str] = ()
) -> list[RankedId]:
    """The first users of an audience that was predicted from an item's text and published.

    Args:
        predicted: User ids and log-probabilities in nats, most probable first.
        k: Users wanted, at least 1.
        seen_by: External ids of users who have got the item since.

    Returns:
        At most ``k`` users, the score a log-probability in nats; never more than were published.

    Raises:
        ValueError: If ``k`` is below 1.
    """
    _require_positive(k)
    left_out = set(seen_by)
    return [RankedId(user, score) for user, score in predicted if user not in left_out][:k]


def _ranked(
    query: NDArray[np.float32],
    table: NDArray[np.float32],
    ids: Sequence[str],
    *,
    k: int,
    excluded: NDArray[np.int64],
) -> list[RankedId]:
    """The best rows of a table for one query, as ids."""
    _require_positive(k)
    if len(table) == 0:
        return []
    lists = ExclusionLists(np.array([0, len(excluded)], dtype=np.int64), excluded)
    rows, scores = top_k(query[None, :], table, k=min(k, len(table)), exclude=lists)
    return [
        RankedId(ids[row], float(score))
        for row, score in zip(rows[0], scores[0], strict=True)
        if row >= 0  # -1 stands where nothing is left
    ]


def _require_positive(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
