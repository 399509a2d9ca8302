"""The value of the placement station, and how it is made."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from assets.item_distributions import ItemDistributions
from assets.model_version import ModelVersion
from assets.waiting_items import ItemsWithReaders
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.top_users import TopUsers

HEAD = "items.json"
VECTORS = "vectors.npz"


@dataclass(frozen=True)
class PlacedItems:
    """Vectors of items that a version was not trained on.

    Attributes:
        version: The version in whose space they lie.
        item_ids: External ids, length C.
        kinds: ``cold`` (from pseudo-interactions alone) or ``held_out`` (real interactions took part), length C.
        text_hashes: Length C.
        n_events: Events of each item when it was read, length C; what came later has no part in its vector.
        vectors: Shape (C, D), float32.
        usual_length: Of a cold item's vector, by the version's warm items (``usual_cold_length``).
        fixed_before: Digest of the user and warm item tables before the update.
        fixed_after: The same afterwards; equal, or the update moved what it must not.
    """

    version: int
    item_ids: list[str]
    kinds: list[str]
    text_hashes: list[str]
    n_events: list[int]
    vectors: Any
    usual_length: float
    fixed_before: str
    fixed_after: str

    def __len__(self) -> int:
        return len(self.item_ids)

    def counts(self) -> dict[str, int]:
        """Items of each kind."""
        return dict(Counter(self.kinds))

    def save(self, directory: Path) -> None:
        """Write ``items.json`` and ``vectors.npz``."""
        head = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "vectors"}
        (directory / HEAD).write_text(json.dumps(head), encoding="utf-8")
        np.savez(directory / VECTORS, vectors=self.vectors)

    @classmethod
    def load(cls, directory: Path) -> "PlacedItems":
        """Read what :meth:`save` wrote."""
        with np.load(directory / VECTORS, allow_pickle=False) as arrays:
            vectors = arrays["vectors"]
        return cls(vectors=vectors, **json.loads((directory / HEAD).read_text(encoding="utf-8")))


def place_waiting(
    version: ModelVersion, waiting: ItemsWithReaders, answers: ItemDistributions, config: ColdUpdateConfig
) -> PlacedItems:
    """Optimise the vectors of the waiting items, and only those.

    Items with a text get their pseudo-interactions, beside their real ones, if they have any, the less the more
    they have. Items without a text get their real ones alone, and with neither they wait on. So do items whose text
    is not the one that the answer is for, or that began to wait after the answers were asked for.

    Args:
        version: Gives the space.
        waiting: The items and their real readers.
        answers: The distributions of the items that have a text.
        config: Of the update.

    Returns:
        The vectors.
    """
    from models.coldstart.published_space import usual_cold_length

    asked_for = zip(answers.item_ids, answers.text_hashes, strict=True)
    answered = {item_and_text: row for row, item_and_text in enumerate(asked_for)}
    now = zip(waiting.item_ids, waiting.text_hashes, strict=True)
    row_of = np.array([answered.get(item_and_text, -1) for item_and_text in now], dtype=np.int64)
    simulated = row_of >= 0
    untold = np.array([not text.strip() for text in waiting.texts], dtype=bool)
    groups = (waiting.only(simulated), waiting.only(untold & (waiting.readers() > 0)))
    before = fixed_digest(version)
    asked = row_of[simulated]
    pseudo = TopUsers(answers.top.users[asked], answers.top.log_probabilities[asked])
    vectors = [
        _placed(version, groups[0], pseudo, config),
        _placed(version, groups[1], None, config),
    ]
    kinds = ["held_out" if count else "cold" for group in groups for count in group.readers()]
    return PlacedItems(
        version=version.version,
        item_ids=[item for group in groups for item in group.item_ids],
        kinds=kinds,
        text_hashes=[text for group in groups for text in group.text_hashes],
        n_events=[int(count) for group in groups for count in group.n_events],
        vectors=np.concatenate(vectors),
        usual_length=usual_cold_length(version.space, config),
        fixed_before=before,
        fixed_after=fixed_digest(version),
    )


def fixed_digest(version: ModelVersion) -> str:
    """SHA-256 over the tables that placement must not touch."""
    digest = hashlib.sha256(np.ascontiguousarray(version.space.users).tobytes())
    digest.update(np.ascontiguousarray(version.space.warm_items).tobytes())
    return digest.hexdigest()


def _placed(version: ModelVersion, group: ItemsWithReaders, pseudo: Any, config: ColdUpdateConfig) -> Any:
    from assets.spaces import text_vectors
    from models.coldstart.published_space import place

    space = version.space
    if not len(group):
        return np.empty((0, space.d), dtype=np.float32)
    text_items = text_vectors(group.texts, space, version.model)
    return place(space, pseudo, group.real_pairs, text_items=text_items, config=config)
