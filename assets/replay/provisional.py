"""Users outside a version's vocabulary, with what they have touched so far."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from assets.model_version import ModelVersion
    from models.coldstart.new_users import NewUserConfig


class Provisional(NamedTuple):
    """Users with a provisional vector.

    Attributes:
        users: Numbers on the timeline, shape (n,), int64.
        vectors: In the version's published space, shape (n, F), float32.
    """

    users: Any
    vectors: Any


def provisional_users(
    version: "ModelVersion", table: Any, *, warm: Any, pairs: Any, config: "NewUserConfig"
) -> Provisional:
    """Fold users outside the vocabulary into the version's space.

    Args:
        version: In office.
        table: Vectors of all items that have arrived, shape (I, F), float32.
        warm: Numbers of the items that the version was trained on, in its order, (W,) int64.
        pairs: User and item numbers of everything that users outside have touched so far, shape (n, 2), int64.
        config: Of the fold-in.

    Returns:
        Those who have touched an item that has a vector.
    """
    from models.coldstart.new_users import NewUsers

    has_vector = table.any(axis=1)
    pairs = np.unique(pairs[has_vector[pairs[:, 1]]], axis=0)
    users, position = np.unique(pairs[:, 0], return_inverse=True)
    if not len(users):
        return Provisional(users, np.empty((0, table.shape[1]), dtype=np.float32))
    placed = np.setdiff1d(np.flatnonzero(has_vector), warm)
    place = np.full(len(table), -1, dtype=np.int64)
    place[np.concatenate([warm, placed])] = np.arange(len(warm) + len(placed))
    prepared = NewUsers.of(version.space, table[placed], config=config)
    items = np.stack([position, place[pairs[:, 1]]], axis=1)
    return Provisional(users, prepared.from_items(items, n_users=len(users)).vectors)
