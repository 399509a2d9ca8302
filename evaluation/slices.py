"""Parts of the judged users and items that the gate looks at one by one.

A mean over everybody can rise while those with little history lose. Popularity and activity are cut as in Abdollahpouri
et al., "The unfairness of popularity bias in recommendation" (arXiv 1907.13286): the upper fifth against the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.array_types import Flags, Indices

UPPER = 0.8  # quantile above which a user is heavy and an item popular
LOWER = 0.2  # quantile below which a user is light
NEWEST = 0.8  # new is who joined after this share of all users


@dataclass(frozen=True, eq=False)
class Slice:
    """A part of the judged users or items.

    Attributes:
        name: How the reason calls it, such as "light users".
        side: Whose values it cuts: the users' lists or the items' audiences.
        members: Which judged users (n,) or items (c,) belong to it, bool.
    """

    name: str
    side: Literal["users", "items"]
    members: Flags


def user_slices(users: Indices, *, degrees: Indices, tokens: Indices) -> list[Slice]:
    """New, heavy and light users among the judged.

    Args:
        users: Judged users, shape (n,), int64.
        degrees: Training pairs of every user, shape (U,), int64.
        tokens: Token index of every user, shape (U,), int64; rises with the order in which users joined.

    Returns:
        Three slices; the thresholds are quantiles over all users, so a slice may be empty.
    """
    own = degrees[users]
    low, high = (np.quantile(degrees, quantile) if len(degrees) else 0.0 for quantile in (LOWER, UPPER))
    joined = np.argsort(np.argsort(tokens, kind="stable"), kind="stable")
    return [
        Slice("new users", "users", joined[users] >= NEWEST * len(tokens)),
        Slice("heavy users", "users", own > high),
        Slice("light users", "users", own <= low),
    ]


def item_slices(items: Indices, *, n_true: Indices) -> list[Slice]:
    """Long-tail, newer and older items among the judged.

    Args:
        items: Judged items, shape (c,), int64, numbered in the order of their arrival.
        n_true: Held-out users of each of them, shape (c,), int64.

    Returns:
        Three slices.
    """
    popular = np.quantile(n_true, UPPER) if len(n_true) else 0.0
    middle = np.median(items) if len(items) else 0.0
    return [
        Slice("long-tail items", "items", n_true <= popular),
        Slice("newer items", "items", items > middle),
        Slice("older items", "items", items <= middle),
    ]
