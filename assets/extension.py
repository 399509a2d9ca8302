"""How a retrain extends an earlier version instead of starting over; one setting, shared by the stations that train."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.model_version import WARM_ITEMS
from assets.resources import RegistryResource
from assets.run_config import shared_config
from data.id_map import IdMap
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from models.collaborative.embeddings import CollaborativeEmbeddings
    from models.collaborative.ials_config import IalsConfig
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.distribution import FilterLLM
    from models.filterllm.warm_start import WarmStart

EXTENDS = "extends"  # in a station's record: the version that it goes on from, None if it starts over
_AT_LEAST = {
    "sweeps": 1,
    "epochs": 1,
    "distillation_epochs": 0,
    "perturb": 0,
    "effort_weight": 0,
    "strata": 1,
}


@dataclass(frozen=True)
class ExtensionConfig:
    """What an extending retrain does less of; without effect on one that starts over.

    The defaults were chosen by cold NDCG@20 on two synthetic worlds: where tastes drift, versions that extend each
    other fall behind the more of the earlier values each keeps; where tastes stand still, the less, unless a second
    epoch at a higher rate makes up for it.

    Attributes:
        version: The version to extend; None: start over. ``coldcast retrain --extend`` sets it.
        sweeps: Of iALS, from the earlier vectors, >= 1.
        epochs: Passes over the warm items from the earlier model, >= 1; likewise with LoRA, if the settings have it.
        rate: Times the learning rate of the settings, > 0: a short training takes longer steps.
        distillation_epochs: Of the finished table, >= 0.
        shrink: Share of the earlier parameters, in (0, 1].
        perturb: Share of fresh initial values added to them, >= 0.
        share_of_items: Share of the warm items on which the text model is trained on, in (0, 1]; below 1 those are
            taken that matter most by DEALRec's scores.
        effort_weight: What the effort score counts there against the influence score, >= 0.
        strata: Ranges of the score from each of which items are taken, >= 1.

    Raises:
        ValueError: If a value is out of its range.
    """

    version: int | None = None
    sweeps: int = 1
    epochs: int = 2
    rate: float = 1.5
    distillation_epochs: int = 1
    shrink: float = 0.5
    perturb: float = 0.5
    share_of_items: float = 1.0
    effort_weight: float = 0.5
    strata: int = 25

    def __post_init__(self) -> None:
        for name, low in _AT_LEAST.items():
            if not getattr(self, name) >= low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if not self.rate > 0:
            raise ValueError(f"rate must be above 0, got {self.rate}")
        if not 0 < self.shrink <= 1:
            raise ValueError(f"shrink must be in (0, 1], got {self.shrink}")
        if not 0 < self.share_of_items <= 1:
            raise ValueError(f"share_of_items must be in (0, 1], got {self.share_of_items}")
        if self.version is not None and self.version < 1:
            raise ValueError(f"version must be at least 1 or None, got {self.version}")

    def shortened(self, config: "FilterLLMConfig") -> "FilterLLMConfig":
        """The settings of a training that does not begin from nothing."""
        from dataclasses import replace

        return replace(
            config,
            epochs=min(config.epochs, self.epochs),
            learning_rate=config.learning_rate * self.rate,
            constant_epochs=min(config.constant_epochs, self.epochs),
            lora_epochs=min(config.lora_epochs, self.epochs),
            distillation_epochs=min(config.distillation_epochs, self.distillation_epochs),
        )

    def warm_start(self, model: "FilterLLM", user_rows: np.ndarray, texts: Sequence[str]) -> "WarmStart":
        """Where a training begins that extends a model.

        Args:
            model: The earlier model.
            user_rows: As :func:`rows_of` gives them.
            texts: What its warm items said; nothing where that is forgotten.

        Returns:
            The beginning, with this configuration's shares.

        Raises:
            ValueError: If a share is out of its range, or a row does not exist.
        """
        from models.filterllm.item_pruning import ItemPruning
        from models.filterllm.warm_start import WarmStart

        pruning = ItemPruning(self.share_of_items, self.effort_weight, self.strata)
        return WarmStart(model, user_rows, self.shrink, self.perturb, texts, pruning)


Extension = shared_config(ExtensionConfig)


def with_base(parameters: dict[str, Any], extension: Any) -> dict[str, Any]:
    """A station's settings with the version that it goes on from, so that a later retrain does not mix two ways.

    Args:
        parameters: Of the station.
        extension: Of the retrain.
    """
    return {**parameters, EXTENDS: extension.build().version}


@dataclass(frozen=True)
class Predecessor:
    """The version that is extended.

    Attributes:
        config: How.
        number: Its number.
        snapshot_key: The snapshot it was trained on.
        users: Its vocabulary.
        warm_items: The items it was trained on.
        registry: Where its files are.
    """

    config: ExtensionConfig
    number: int
    snapshot_key: str
    users: IdMap
    warm_items: IdMap
    registry: RegistryResource

    @classmethod
    def of(cls, extension: Any, registry: RegistryResource) -> "Predecessor | None":
        """The version that the settings name; None if the retrain starts over.

        Raises:
            RegistryError: If the version is unknown or damaged, or MLflow stays away.
        """
        config: ExtensionConfig = extension.build()
        if config.version is None:
            return None
        known = registry.open()
        files = known.download(config.version, cache=registry.cache())
        warm = json.loads((files.space / WARM_ITEMS).read_text(encoding="utf-8"))
        key = known.version(config.version).snapshot_key
        return cls(config, config.version, key, IdMap(files.user_ids()), IdMap(warm), registry)

    def vectors(
        self, station: str, snapshot: Snapshot, *, weights: "IalsConfig"
    ) -> "CollaborativeEmbeddings | None":
        """What a station left for this version, carried over to a snapshot; None if its artefact was pruned.

        Args:
            station: ``bpr_embeddings`` or ``token_vectors``.
            snapshot: The grown one; its new users and items are folded in.
            weights: Of the fold-in.
        """
        from models.collaborative.carrying_over import carried_over
        from models.collaborative.embeddings import FILE_NAME, CollaborativeEmbeddings

        folder = self.registry.artifacts() / station / self.snapshot_key
        if not (folder / FILE_NAME).exists():
            return None
        return carried_over(
            CollaborativeEmbeddings.load(folder),
            snapshot.split.train,
            user_rows=rows_of(self.users, snapshot.users),
            item_rows=rows_of(self.warm_items, snapshot.items),
            config=weights,
        )

    def warm_start(self, snapshot: Snapshot) -> "WarmStart":
        """Where FilterLLM's training begins.

        Raises:
            ValueError: If the checkpoint is damaged.
        """
        from models.filterllm.checkpoint import load_checkpoint

        files = self.registry.open().download(self.number, cache=self.registry.cache())
        model = load_checkpoint(files.checkpoint)
        return self.config.warm_start(model, rows_of(self.users, snapshot.users), self._texts())

    def _texts(self) -> list[str]:
        """What its warm items said then; nothing where its snapshot was pruned."""
        folder = self.registry.artifacts() / "interaction_snapshot" / self.snapshot_key
        if not folder.exists():
            return []
        earlier = Snapshot.load(folder)
        return earlier.texts[earlier.items.index_of(self.warm_items.ids)]


def rows_of(earlier: IdMap, later: IdMap) -> np.ndarray:
    """Index in the earlier map of each id of the later one, -1 where it is new, int64."""
    ids = np.asarray(later.ids, dtype=object)
    known = earlier.contains(ids)
    rows = np.full(len(ids), -1, dtype=np.int64)
    rows[known] = earlier.index_of(ids[known])
    return rows
