"""Published methods, each on the collaborative vectors that it takes; one line of the table adds one."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assets.benchmark.collaborative import collaborative_settings
from assets.benchmark.entry import MOST_SEEDS, RIVAL_SEEDS, Entry, Scored, Settings, as_json
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

BPR_VECTORS = ("mf", "ngcf", "lightgcn")


def rival(
    module: str,
    on: tuple[str, ...] = (),
    *,
    seeds: int = RIVAL_SEEDS,
    quick: bool = False,
) -> tuple[Entry, ...]:
    """The entries of one file of ``models/baselines``.

    Args:
        module: Name of the file; its ``fit`` takes a ``RivalInput`` and a configuration, whose ``tuned()`` is
            taken where there is one.
        on: Kinds of collaborative vectors, an entry each: the first bears the file's name, the others their own
            behind it. Empty: the method trains from pairs and texts alone.
        seeds: How many at most.
        quick: Part of ``--quick``.

    Returns:
        One entry, or one for each kind of vectors.
    """
    names: dict[str, str | None] = {module if kind == on[0] else f"{module}_{kind}": kind for kind in on}
    names = names or {module: None}
    return tuple(
        Entry(name, (name,), seeds, _build(name, module, kind), quick, _settings(module, kind))
        for name, kind in names.items()
    )


def _build(name: str, module: str, kind: str | None) -> Callable[["Inputs", int], Iterator[Scored]]:
    def build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
        import importlib

        method = importlib.import_module(f"models.baselines.{module}")
        factors = method.fit(
            rival_input(inputs, kind, seed), config=configuration(method), on_epoch=inputs.on_epoch(name)
        )
        yield Scored(name, factors)

    return build


def _settings(module: str, kind: str | None) -> Settings:
    def settings(seed: int) -> Mapping[str, Any]:
        import importlib

        method = importlib.import_module(f"models.baselines.{module}")
        vectors = None if kind is None else collaborative_settings(kind, seed)
        return {"config": as_json(configuration(method)), "vectors": vectors}

    return settings


def configuration(method: Any) -> Any:
    """What a rival is run with: ``tuned()`` of its configuration where there is one, else the defaults.

    Args:
        method: A module with ``fit(data, *, config=...)``.
    """
    import inspect

    default = inspect.signature(method.fit).parameters["config"].default
    return default.tuned() if hasattr(default, "tuned") else default


def rival_input(inputs: "Inputs", kind: str | None, seed: int) -> Any:
    """The training set as rivals take it; without vectors where none are asked for.

    A column of nan stands in for them, so that a method that reads them after all fails and is not compared.
    """
    import numpy as np

    from models.baselines.rival import RivalInput

    snapshot, warm = inputs.snapshot, inputs.snapshot.split.warm_items
    users = np.full((snapshot.n_users, 1), np.nan, dtype=np.float32)
    items = np.full((len(warm), 1), np.nan, dtype=np.float32)
    if kind is not None:
        vectors = inputs.vectors(kind, seed)
        users, items = vectors.users, vectors.warm_items
    return RivalInput(
        train=snapshot.split.train,
        n_users=snapshot.n_users,
        features=inputs.features(),
        warm_items=warm,
        user_vectors=users,
        warm_vectors=items,
        validate=cold_validation(snapshot),
        seed=seed,
    )


def cold_validation(snapshot: Snapshot) -> Callable[[Any], float] | None:
    """NDCG@20 of a scorer on cold validation pairs, by which rivals stop; None without any."""
    from assets.judging import CUTOFF, validation_task
    from evaluation.protocol import rank_for_users
    from evaluation.ranking import ndcg

    if not len(snapshot.split.validation.cold):
        return None
    task = validation_task(snapshot, "cold")

    def validate(scorer: Any) -> float:
        ranked = rank_for_users(scorer, task, k=CUTOFF)
        return float(ndcg(ranked.hits, ranked.n_true, k=CUTOFF).mean())

    return validate


ENTRIES: tuple[Entry, ...] = (
    *rival("kernel_ridge", seeds=MOST_SEEDS, quick=True),
    *rival("knn_vectors", on=(*BPR_VECTORS, "ials")),
    *rival("dropout_net", on=BPR_VECTORS),
    *rival("meta_embedding", on=(*BPR_VECTORS, "ials")),
    *rival("heater", on=BPR_VECTORS),
    *rival("gar", on=BPR_VECTORS),
    *rival("aldi", on=(*BPR_VECTORS, "ials")),
    *rival("gorec", on=BPR_VECTORS),
    *rival("clcrec"),
    *rival("ccfcrec"),
    *rival("vbpr"),
    *rival("amr"),
    *rival("mtpr"),
    *rival("alpharec"),
)
