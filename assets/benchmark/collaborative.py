"""The collaborative models, alone: what warm items are ranked by, and what knows no cold item."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from functools import partial
from typing import TYPE_CHECKING, Any

from assets.benchmark.entry import Entry, Scored, entry
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs


def collaborative_config(kind: str, seed: int) -> Any:
    """The settings of one kind of vectors.

    Args:
        kind: ``mf``, ``ngcf``, ``lightgcn`` or ``ials``.
        seed: Of the training.

    Returns:
        A ``BprConfig`` or an ``IalsConfig``.
    """
    from models.collaborative.config import BprConfig
    from models.collaborative.ials_config import IalsConfig

    if kind == "ials":
        return IalsConfig(seed=seed)
    return BprConfig(model=kind, seed=seed)  # type: ignore[arg-type]


def collaborative_settings(kind: str, seed: int) -> dict[str, Any]:
    """The same as JSON values."""
    return asdict(collaborative_config(kind, seed))


def collaborative_settings(kind: str, seed: int) -> dict[str, Any]:
    """The same as JSON values."""
    return asdict(collaborative_config(kind, seed))


def fit_collaborative(snapshot: Snapshot, config: Any, *, on_epoch: Callable[[Any], None]) -> Any:
    """Train what the settings name; the best epoch by warm validation Recall@20 is kept.

    Returns:
        ``CollaborativeEmbeddings``.
    """
    from assets.judging import warm_recall
    from models.collaborative.fit import fit_bpr
    from models.collaborative.ials import fit_ials
    from models.collaborative.ials_config import IalsConfig

    fit: Any = fit_ials if isinstance(config, IalsConfig) else fit_bpr
    return fit(
        snapshot.split.train,
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
        config=config,
        validate=warm_recall(snapshot),
        on_epoch=on_epoch,
    )


def _alone(kind: str) -> Entry:
    def build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
        from evaluation.scorer import FactorScorer

        vectors = inputs.vectors(kind, seed)
        yield Scored(kind, FactorScorer(vectors.users, vectors.item_table(inputs.snapshot.n_items)))

    return entry(kind, build, settings=partial(collaborative_settings, kind))


ENTRIES = tuple(_alone(kind) for kind in ("ials", "mf", "lightgcn", "ngcf"))
