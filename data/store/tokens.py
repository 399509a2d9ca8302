"""User tokens: user -> token index, append-only and never renumbered."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.store.bulk import insert_rows, rows_of
from data.tables import user_tokens


def assign_tokens(connection: Connection, user_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each user without a token the next one, in the order given.

    Args:
        connection: In a writing transaction.
        user_keys: Distinct known keys, shape (n,), int64.

    Returns:
        The token index of each of the n users, shape (n,), int64; for ever the same for a user.

    Raises:
        ValueError: If a user is given twice.
    """
    if len(np.unique(user_keys)) != len(user_keys):
        raise ValueError(
            f"user_keys must be distinct, got {len(user_keys)} with repeats; pass np.unique(user_keys)"
        )
    known = {user: token for token, user in enumerate(read_tokens(connection).tolist())}
    fresh = [user for user in user_keys.tolist() if user not in known]
    tokens = np.arange(len(known), len(known) + len(fresh))
    insert_rows(connection, "user_tokens", ("token_index", "user_key"), rows_of(tokens, fresh))
    known.update(zip(fresh, tokens.tolist(), strict=True))
    return np.fromiter((known[user] for user in user_keys.tolist()), dtype=np.int64, count=len(user_keys))


def count_tokens(connection: Connection) -> int:
    """Count the tokens given out."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(user_tokens)).scalar_one())


def read_tokens(connection: Connection) -> NDArray[np.int64]:
    """Return the user_key of token 0, 1, ..., shape (T,), int64; tokens have no gaps."""
    statement = sa.select(user_tokens.c.user_key).order_by(user_tokens.c.token_index)
    return np.asarray(connection.execute(statement).scalars().all(), dtype=np.int64)
