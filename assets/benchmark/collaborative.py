"""The collaborative models, alone: what warm items are ranked by, and what knows no cold item."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.benchmark.entry import Entry, Scored, entry
from assets.benchmark.revisions import revised
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs


KINDS = ("ials", "mf", "lightgcn", "ngcf")


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
    return BprConfig(model=kind, seed=seed).resolved()  # type: ignore[arg-type]


def collaborative_settings(kind: str, seed: int) -> dict[str, Any]:
    """The same as JSON values, with the revision of the code and that of the vectors started from.

    What those are trained with is not among it: raise their revision with it.
    """
    given = asdict(collaborative_config(kind, seed))
    started_from = given.get("start")
    return revised(kind, given if started_from not in KINDS else revised(started_from, given))


def fit_collaborative(
    snapshot: Snapshot,
    config: Any,
    *,
    on_epoch: Callable[[Any], None],
    further: Any = None,
    validate: Callable[[Any], float] | None = None,
) -> Any:
    """Train what the settings name; the best epoch is kept.

    Args:
        snapshot: Its training pairs train.
        config: A ``BprConfig`` or an ``IalsConfig``.
        on_epoch: Told after every epoch.
        further: Pairs (n, 2), int64, that train too, of items that the snapshot holds out; None: none.
        validate: Says what an epoch is worth; None: Recall@20 on warm validation pairs.

    Returns:
        ``CollaborativeEmbeddings``.
    """
    from assets.judging import warm_recall
    from models.collaborative.fit import fit_bpr
    from models.collaborative.ials import fit_ials
    from models.collaborative.ials_config import IalsConfig

    fit: Any = fit_ials if isinstance(config, IalsConfig) else fit_bpr
    train = snapshot.split.train
    return fit(
        train if further is None else np.concatenate([train, further]),
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
        config=config,
        validate=validate or warm_recall(snapshot),
        on_epoch=on_epoch,
    )


def _alone(kind: str) -> Entry:
    def build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
        from assets.judging import embeddings_scorer

        yield Scored(kind, embeddings_scorer(inputs.vectors(kind, seed), inputs.snapshot))

    return entry(kind, build, settings=partial(collaborative_settings, kind))


ENTRIES = tuple(_alone(kind) for kind in KINDS)
