"""Where the replayed events come from, and the data clock that they are fed by."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError

if TYPE_CHECKING:
    from data.readers.dataset import Dataset
    from data.timeline import Timeline


@dataclass(frozen=True)
class ReplaySource:
    """Events with times.

    Attributes:
        name: Under which its figures are kept.
        open: Gives the data set.
        about: What it was made of, as JSON values.
        seed: Of what it was drawn with; None where it was not drawn.
        settings: Fields of ``ReplaySettings`` that have other values for it.
    """

    name: str
    open: "Callable[[], Dataset]"
    about: dict[str, Any]
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def timeline(self) -> "Timeline":
        """Read and check everything, by way of a store that is thrown away.

        Raises:
            InputError: If a file is missing or wrong, or an event has no time.
        """
        from data.store.store import Store
        from data.timeline import Timeline

        with (
            tempfile.TemporaryDirectory() as folder,
            Store.open(f"sqlite:///{Path(folder, 'replay.db')}") as store,
        ):
            store.import_dataset(self.open())
            return Timeline.of_world(store.read_world())


def synthetic_source(
    *, users: int, items: int, interactions: int, drift: float, newcomers: float, seed: int
) -> ReplaySource:
    """The synthetic world with drifting tastes.

    Raises:
        InputError: If a number is out of range.
    """
    from data.readers.synthetic import WorldSize
    from data.readers.synthetic_drift import Drift, DriftingWorld

    try:
        size = WorldSize(users, items, n_interactions=interactions, seed=seed)
        moving = Drift(taste=drift, newcomers=newcomers)
    except ValueError as error:
        raise InputError(str(error)) from error
    about = {**asdict(size), **asdict(moving)}
    return ReplaySource("synthetic", lambda: DriftingWorld(size, moving).dataset(), about, seed)


def movietweetings_source(directory: Path) -> ReplaySource:
    """MovieTweetings out of a folder.

    Half its users have one event or two, and two films in a hundred have half of the events. Vectors of so little are
    mostly how much a film is liked, and the gate would compare which few cold films come first for everybody; with
    text in the published vectors, as in the product, it compares whom they are shown to.
    """
    from data.readers.movietweetings import read_movietweetings

    return ReplaySource(
        "movietweetings",
        lambda: read_movietweetings(directory),
        {"folder": directory.name},
        settings={"regulariser": 0.5, "text_weight": 3.0},
    )


def movielens_source(directory: Path) -> ReplaySource:
    """MovieLens out of a folder."""
    from data.readers.movielens import read_movielens

    return ReplaySource("movielens", lambda: read_movielens(directory), {"folder": directory.name})


def files_source(interactions: Path, items: Path, *, name: str) -> ReplaySource:
    """Anybody's files, as `coldcast import files` reads them."""
    from data.readers.files import read_files

    about = {"interactions": interactions.name, "items": items.name}
    return ReplaySource(name, lambda: read_files(interactions, items), about)


@dataclass(frozen=True)
class Clock:
    """Simulated time, in unix seconds.

    Attributes:
        start: When the first model is trained, and the first step begins.
        step: Length of a step, above 0.
        n: Steps, at least 1.
    """

    start: int
    step: int
    n: int

    @classmethod
    def over(cls, timeline: "Timeline", *, step: int, history: float, steps: int | None) -> "Clock":
        """As many whole steps as fit after the history, the last one ending with the last event.

        Args:
            timeline: The events.
            step: Length of a step in seconds.
            history: Share of the time span, at least, that is over before the first step.
            steps: At most so many, the first ones; None: all that fit.

        Raises:
            InputError: If no step fits, or fewer than ``steps``.
        """
        first, end = int(timeline.times[0]), int(timeline.times[-1]) + 1
        fitting = int((end - first) * (1 - history)) // step
        if fitting < max(1, steps or 1):
            raise InputError(
                f"the events span {(end - first) / 86400:.1f} days; after a history of {history:.0%} "
                f"{fitting} steps of {step / 86400:g} days fit, {steps or 1} are wanted: take a shorter --step, "
                "a smaller --history or fewer --steps"
            )
        n = fitting if steps is None else steps
        return cls(end - fitting * step, step, n)

    def time(self, step: int) -> int:
        """When a step begins."""
        return self.start + step * self.step

    def day(self, step: int) -> str:
        """The same as a date, UTC."""
        return datetime.fromtimestamp(self.time(step), UTC).strftime("%Y-%m-%d")
