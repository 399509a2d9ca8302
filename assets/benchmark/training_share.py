"""A part of the training pairs: what a model is worth that has seen fewer items, or fewer users."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from data.snapshot import Snapshot


@dataclass(frozen=True)
class Share:
    """Which part.

    Attributes:
        of: A share of the warm items with all their training pairs, or of the users with all of theirs.
        part: Above 0, at most 1.

    Raises:
        ValueError: If ``part`` is out of range.
    """

    of: Literal["items", "users"]
    part: float

    def __post_init__(self) -> None:
        if not 0 < self.part <= 1:
            raise ValueError(f"part must be above 0 and at most 1, got {self.part}")


def cut_to(share: Share, snapshot: Snapshot, seed: int) -> tuple[Snapshot, Any]:
    """Keep the training pairs of items or users drawn with a seed; held-out items stay as they are.

    Users who lose all their pairs leave the vocabulary, items who lose theirs are no longer warm.

    Args:
        share: How much of what.
        snapshot: Left as it is.
        seed: Of the draw.

    Returns:
        The smaller snapshot, and the number that each user of the whole one has in it: (U,) int64, -1 for
        those who are not.
    """
    import numpy as np

    from data.id_map import IdMap
    from data.interactions import Interactions
    from data.split import PairPart, Split, settled_split

    whole = snapshot.split
    parts = whole.parts.copy()
    parts[_lost(share, snapshot, seed)] = PairPart.DROPPED
    less = settled_split(whole.protocol, whole.pairs, parts=parts, item_role=whole.item_role)
    users = np.unique(less.train[:, 0])
    numbers = np.full(snapshot.n_users, -1, dtype=np.int64)
    numbers[users] = np.arange(len(users))
    pairs = np.stack([numbers[less.pairs[:, 0]], less.pairs[:, 1]], axis=1)
    order = np.lexsort(pairs.T[::-1])
    unknown = np.zeros(len(pairs), dtype=np.int64), np.ones(len(pairs), dtype=np.float32)
    made_of = f"{snapshot.content_hash} {share} {seed}"
    smaller = Snapshot(
        IdMap(list(snapshot.users.ids[users])),
        snapshot.user_tokens[users],
        snapshot.items,
        snapshot.texts,
        Interactions(pairs[order], *unknown, len(users), snapshot.n_items),
        Split.from_parts(whole.protocol, pairs, parts=less.parts, item_role=less.item_role),
        snapshot.manifest,
    )
    return smaller.with_manifest(content_hash=hashlib.sha256(made_of.encode()).hexdigest()), numbers


def _lost(share: Share, snapshot: Snapshot, seed: int) -> Any:
    """Which of the split's pairs are training pairs of an item, or a user, that was not drawn."""
    import numpy as np

    from data.split import PairPart

    column, those = (
        (1, snapshot.split.warm_items) if share.of == "items" else (0, np.arange(snapshot.n_users))
    )
    rng = np.random.default_rng(seed)
    kept = rng.choice(those, max(1, round(share.part * len(those))), replace=False)
    pairs = snapshot.split.pairs
    return (snapshot.split.parts == PairPart.TRAIN) & ~np.isin(pairs[:, column], kept)
