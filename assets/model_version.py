"""A registered version with everything it takes to use it, independent of the folders it was trained in."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.id_map import IdMap
from data.snapshot import Snapshot
from data.split import ItemRole
from models.coldstart.published_space import PublishedSpace

if TYPE_CHECKING:
    from assets.registry import Registry
    from models.filterllm.distribution import FilterLLM

REGISTRATION = "registration.json"
WARM_ITEMS = "warm_items.json"
STOPPED_ON = "validation_items.json"


@dataclass(frozen=True)
class Registration:
    """The value of the registration station: which version was made of which snapshot."""

    version: int
    snapshot_key: str
    content_hash: str

    def save(self, directory: Path) -> None:
        """Write ``registration.json``."""
        (directory / REGISTRATION).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, directory: Path) -> "Registration":
        """Read ``registration.json``."""
        return cls(**json.loads((directory / REGISTRATION).read_text()))


@dataclass(frozen=True)
class ModelVersion:
    """A version, loaded.

    Attributes:
        version: Number in the registry.
        snapshot_key: The snapshot it was trained on.
        content_hash: That snapshot's content hash.
        users: The vocabulary, user_index 0..U-1.
        warm_items: External ids of the items it was trained on, in the order of ``space.warm_items``.
        space: Published vectors of users and warm items.
        model: The FilterLLM.
        stopped_on: External ids of the items whose interactions early stopping and calibration looked at; None
            where that was not written down.
    """

    version: int
    snapshot_key: str
    content_hash: str
    users: IdMap
    warm_items: IdMap
    space: PublishedSpace
    model: "FilterLLM"
    stopped_on: IdMap | None = None


def write_space(directory: Path, embeddings: PublishedSpace, snapshot: Snapshot) -> None:
    """Write the published vectors with the external ids of their items, and of those that chose among epochs."""
    embeddings.save(directory)
    ids = snapshot.items.ids_of(embeddings.warm_item_index)
    (directory / WARM_ITEMS).write_text(json.dumps(list(ids)), encoding="utf-8")
    validation = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION)
    stopped_on = list(snapshot.items.ids_of(validation))
    (directory / STOPPED_ON).write_text(json.dumps(stopped_on), encoding="utf-8")


def load_version(registry: "Registry", version: int, *, cache: Path) -> ModelVersion:
    """Fetch a version's files and load them.

    Args:
        registry: The model registry.
        version: Number of the version.
        cache: Folder for copies of remote files.

    Raises:
        RegistryError: If the version is unknown or damaged, or MLflow stays away.
    """
    from models.filterllm.checkpoint import load_checkpoint

    registered = registry.version(version)
    files = registry.download(version, cache=cache)
    return ModelVersion(
        version=version,
        snapshot_key=registered.snapshot_key,
        content_hash=registered.content_hash,
        users=IdMap(files.user_ids()),
        warm_items=IdMap(json.loads((files.space / WARM_ITEMS).read_text(encoding="utf-8"))),
        space=PublishedSpace.load(files.space),
        model=load_checkpoint(files.checkpoint),
        stopped_on=read_stopped_on(files.space),
    )


def read_stopped_on(space: Path) -> IdMap | None:
    """The items that :func:`write_space` noted in a folder as those that chose among epochs; None where it did not."""
    file = space / STOPPED_ON
    return IdMap(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
