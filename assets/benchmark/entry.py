"""What the registry holds: how models are made, and how often."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

FIRST_SEED = 42
MOST_SEEDS = 5
RIVAL_SEEDS = 3


@dataclass(frozen=True)
class Scored:
    """A trained model under its name.

    Attributes:
        model: Name in the table.
        scorer: Anything with ``scores(user_index, item_index)``.
        dtype: Width of the training's matrix products.
        audience: Names an item's users, where that is another answer than the scorer's.
        stages: Where users are chosen in stages: by stage, the users of each held-out cold item by rising
            item_index, best first, shape (C, N), int64.
    """

    model: str
    scorer: Any
    dtype: str = "float32"
    audience: Any = None
    stages: Mapping[str, Any] = field(default_factory=dict)


Build = Callable[["Inputs", int], Iterator[Scored]]
"""Trains with a seed and yields what came of it; what was used up to a ``yield`` counts as its training."""


@dataclass(frozen=True)
class Entry:
    """One training, and the models that come out of it.

    Attributes:
        name: Of the unit.
        models: Names in the table, in the order in which ``build`` yields them.
        seeds: How many seeds at most: 5, 3 for trained rivals, 1 where a run is paired over users alone.
        build: The training.
        quick: Part of ``--quick``.
    """

    name: str
    models: tuple[str, ...]
    seeds: int
    build: Build
    quick: bool = False


def entry(name: str, build: Build, *, seeds: int = MOST_SEEDS, quick: bool = False) -> Entry:
    """An entry of one model that bears the unit's name."""
    return Entry(name, (name,), seeds, build, quick)
