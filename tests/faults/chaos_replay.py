"""The synthetic world with drifting tastes as a short replay: the commands of one home, in the order of time."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.readers.synthetic import WorldSize
from data.readers.synthetic_drift import Drift, DriftingWorld

NEWEST = "NEWEST"  # in a step's words: the version that the newest retrain has registered
CUTS = (0.6, 0.8, 1.0)  # of the events, by time: what has arrived at each import
SETTINGS = (
    *(
        "filterllm.epochs=1",
        "filterllm.constant_epochs=0",
        "filterllm.lora_epochs=0",
        "bpr.d=8",
        "bpr.epochs=1",
    ),
    *("tokens.d=8", "tokens.sweeps=1", "evaluation.references=false", "evaluation.bootstrap=100"),
    *("snapshot.minimum=20", "snapshot.holdout=0.1"),
)
Event = tuple[str, str, int]


@dataclass(frozen=True)
class Step:
    """A command, and the events that the store holds when it has ended."""

    words: tuple[str, ...]
    events: frozenset[Event]

    @property
    def name(self) -> str:
        """The command's name, as the kills are counted by."""
        return "extend" if "--extend" in self.words else self.words[0]


def replay(folder: Path, language_model: str, *, seed: int) -> list[Step]:
    """Write the files of one home, and tell its steps.

    Args:
        folder: Made for the files.
        language_model: Name of the encoder.
        seed: Of the world.

    Returns:
        Steps, each to be taken when the one before has ended well.
    """
    folder.mkdir()
    world = DriftingWorld(
        WorldSize(60, 200, n_topics=4, n_interactions=2500, seed=seed), Drift(newcomers=0.7)
    )
    order = np.argsort(world.times, kind="stable")
    events = [
        (world.user_ids[u], world.item_ids[i], int(t))
        for (u, i), t in zip(world.pairs[order].tolist(), world.times[order].tolist(), strict=True)
    ]
    new = [(f"new-{n}", title) for n, title in enumerate(world.new_titles(9))]
    _write(folder / "items-0.csv", ("item_id", "text"), zip(world.item_ids, world.titles, strict=True))
    _write(folder / "items-1.csv", ("item_id", "text"), new[:5])
    _write(folder / "items-2.csv", ("item_id", "text"), new[5:])
    arrived = [events[: round(len(events) * cut)] for cut in CUTS]
    for number, rows in enumerate(arrived):  # each brings the earlier ones again
        _write(folder / f"events-{number}.csv", ("user_id", "item_id", "time"), rows)
    assignments = [*SETTINGS, f"filterllm.language_model={language_model}"]
    settings = tuple(word for one in assignments for word in ("--set", one))

    def imported(number: int) -> tuple[str, ...]:
        items, happened = folder / f"items-{number}.csv", folder / f"events-{number}.csv"
        return ("import", "files", "--items", str(items), "--interactions", str(happened), "--create-unknown")

    promoted = ("promote", NEWEST, "--force", "--reason", "the next one")
    commands = (
        (imported(0), ("retrain", *settings), promoted),
        (imported(1), ("fold-in",), ("place",), ("retrain", "--extend", *settings), promoted),
        (imported(2), ("retrain", *settings), promoted, ("rollback",), ("retrain", *settings)),
    )
    return [
        Step(words, frozenset(rows)) for rows, some in zip(arrived, commands, strict=True) for words in some
    ]


def _write(file: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
