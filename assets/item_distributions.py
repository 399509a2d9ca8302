"""The value of the distribution station: who would want each item that has to be placed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.model_version import ModelVersion
from assets.waiting_items import WaitingItems
from models.coldstart.top_users import TopUsers

ITEMS = "items.json"
BLOCK = 512  # texts between two reports of progress


@dataclass(frozen=True)
class ItemDistributions:
    """The most probable users of C items, by one version.

    Attributes:
        version: The version that was asked.
        item_ids: External ids, length C.
        text_hashes: Hash of the text each answer is for, length C.
        user_ids: The version's vocabulary, position = user_index.
        top: User indices and log-probabilities, shapes (C, K).
    """

    version: int
    item_ids: list[str]
    text_hashes: list[str]
    user_ids: list[str]
    top: TopUsers

    def __len__(self) -> int:
        return len(self.item_ids)

    def save(self, directory: Path) -> None:
        """Write ``items.json``, the users' ids, and a Parquet file with one row per item and user."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        head = {"version": self.version, "item_ids": self.item_ids, "text_hashes": self.text_hashes}
        (directory / ITEMS).write_text(json.dumps(head), encoding="utf-8")
        pq.write_table(
            pa.table({"user_id": pa.array(self.user_ids, pa.string())}), directory / "users.parquet"
        )
        n, k = self.top.users.shape
        table = {
            "item": np.repeat(np.arange(n), k),
            "user_index": self.top.users.ravel(),
            "log_probability": self.top.log_probabilities.ravel(),
        }
        pq.write_table(pa.table(table), directory / "distributions.parquet")

    @classmethod
    def load(cls, directory: Path) -> "ItemDistributions":
        """Read what :meth:`save` wrote."""
        import pyarrow.parquet as pq

        head = json.loads((directory / ITEMS).read_text(encoding="utf-8"))
        user_ids = pq.read_table(directory / "users.parquet").column("user_id").to_pylist()
        table = pq.read_table(directory / "distributions.parquet")
        shape = (len(head["item_ids"]), -1) if head["item_ids"] else (0, 1)
        users = table.column("user_index").to_numpy().astype(np.int64).reshape(shape)
        logs = table.column("log_probability").to_numpy().astype(np.float32).reshape(shape)
        return cls(head["version"], head["item_ids"], head["text_hashes"], user_ids, TopUsers(users, logs))


def distributions_of(
    version: ModelVersion, waiting: WaitingItems, *, k: int, report: Callable[[int, int, str], None]
) -> ItemDistributions:
    """Ask a version for the audience of every waiting item that has a text.

    Args:
        version: The version.
        waiting: The items.
        k: Users kept per item; all of them if there are fewer.
        report: Told ``(done, total, note)``.

    Returns:
        The answers, possibly none.
    """
    readable = waiting.only(np.array([bool(text.strip()) for text in waiting.texts], dtype=bool))
    kept = min(k, len(version.users))
    parts = [TopUsers(np.empty((0, kept), dtype=np.int64), np.empty((0, kept), dtype=np.float32))]
    for start in range(0, len(readable), BLOCK):
        parts.append(version.model.simulate(readable.texts[start : start + BLOCK], k=kept))
        report(min(start + BLOCK, len(readable)), len(readable), "items")
    return ItemDistributions(
        version=version.version,
        item_ids=readable.item_ids,
        text_hashes=readable.text_hashes,
        user_ids=list(version.users.ids),
        top=TopUsers.concatenate(parts),
    )
