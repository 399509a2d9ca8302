"""What the registry holds: how models are made, and how often."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
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

Settings = Callable[[int], Mapping[str, Any]]
"""All that a training with a seed is set to, as JSON values; not the data, not the language model."""


def no_settings(seed: int) -> Mapping[str, Any]:
    """Of a training that has none."""
    return {}


def defaults_of(function: Callable[..., Any]) -> dict[str, Any]:
    """What a function takes where nothing else is said, as JSON values: the settings of a closed form."""
    import inspect

    given = {name: one.default for name, one in inspect.signature(function).parameters.items()}
    return {name: as_json(value) for name, value in given.items() if value is not inspect.Parameter.empty}


def as_json(settings: Any) -> Any:
    """A configuration as JSON values."""
    return asdict(settings) if is_dataclass(settings) and not isinstance(settings, type) else settings


@dataclass(frozen=True)
class Entry:
    """One training, and the models that come out of it.

    Attributes:
        name: Of the unit.
        models: Names in the table, in the order in which ``build`` yields them.
        seeds: How many seeds at most: 5, 3 for trained rivals, 1 where a run is paired over users alone.
        build: The training.
        quick: Part of ``--quick``.
        settings: By which a unit that was run with others is known.
    """

    name: str
    models: tuple[str, ...]
    seeds: int
    build: Build
    quick: bool = False
    settings: Settings = no_settings


def entry(
    name: str,
    build: Build,
    *,
    seeds: int = MOST_SEEDS,
    quick: bool = False,
    settings: Settings = no_settings,
) -> Entry:
    """An entry of one model that bears the unit's name."""
    return Entry(name, (name,), seeds, build, quick, settings)


def entry_named(entries: Iterable[Entry], name: str) -> Entry:
    """The one of that name; raises ``LookupError`` if there is none."""
    found = next((one for one in entries if one.name == name), None)
    if found is None:
        raise LookupError(f"no entry is called {name!r}")
    return found
