"""A data set of forty titles in CiteULike's format, its split, and trainings that take no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assets.benchmark.cache import Cache
from assets.benchmark.data_choice import DataChoice
from assets.benchmark.entry import Entry, Scored, entry
from assets.benchmark.run import BenchmarkRequest
from data.split_choice import SplitChoice

USERS, ITEMS, TOPICS = 36, 60, 3
WARM, VALIDATION = 40, 50  # items below are warm, then come those of validation, then those of test
WORDS = (("graph", "network", "tree"), ("gene", "cell", "virus"), ("market", "price", "trade"))
LANGUAGE_MODEL = "by hand"


def write_world(folder: Path, *, seed: int = 0) -> Path:
    """Write ``users.dat``, ``titles.txt`` and a folder ``split``; users read one topic. Gives the folder."""
    rng = np.random.default_rng(seed)
    topic = np.arange(ITEMS) % TOPICS
    liked = rng.random((USERS, ITEMS)) < np.where(np.arange(USERS)[:, None] % TOPICS == topic, 0.6, 0.05)
    folder.mkdir(parents=True, exist_ok=True)
    libraries = [np.flatnonzero(row) for row in liked]
    lines = [" ".join(map(str, [len(items), *items])) for items in libraries]
    (folder / "users.dat").write_text("\n".join(lines) + "\n", encoding="ascii")
    titles = [" ".join(rng.choice(WORDS[t], 2, replace=False)) + f" study {i}" for i, t in enumerate(topic)]
    (folder / "titles.txt").write_text("\n".join(titles) + "\n", encoding="utf-8")
    _write_split(folder / "split", np.argwhere(liked), rng)
    return folder


def _write_split(folder: Path, pairs: Any, rng: np.random.Generator) -> None:
    folder.mkdir(exist_ok=True)
    draw = rng.random(len(pairs))
    warm = pairs[:, 1] < WARM
    first = np.zeros(len(pairs), dtype=bool)  # the first pair of each user and item trains
    for column in (0, 1):
        first[np.unique(pairs[:, column], return_index=True)[1]] = True
    trains = warm & (first | (draw < 0.7))
    parts = {
        "warm_train": trains,
        "warm_val": warm & ~trains & (draw < 0.85),
        "warm_test": warm & ~trains & (draw >= 0.85),
        "cold_item_val": ~warm & (pairs[:, 1] < VALIDATION),
        "cold_item_test": pairs[:, 1] >= VALIDATION,
    }
    for name, chosen in parts.items():
        rows = [f"{user},{item}" for user, item in pairs[chosen]]
        (folder / f"{name}.csv").write_text("\n".join(["user,item", *rows]) + "\n", encoding="ascii")


def choice(folder: Path) -> DataChoice:
    """The world in ``folder`` with its split."""
    return DataChoice("citeulike", folder, SplitChoice(protocol="files", directory=str(folder / "split")))


def request(folder: Path, out: Path, **changes: Any) -> BenchmarkRequest:
    """A run on the world in ``folder``, one seed if nothing else is said."""
    given = {"seeds": 1, "language_model": LANGUAGE_MODEL} | changes
    return BenchmarkRequest(choice(folder), out, **given)


def features() -> Any:
    """Text vectors (I, H), float32, near their topic's."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(TOPICS, 8))
    return (centres[np.arange(ITEMS) % TOPICS] + 0.3 * rng.normal(size=(ITEMS, 8))).astype(np.float32)


def keep_features(out: Path, content_hash: str) -> Any:
    """Put text vectors (I, H) where a run looks for them, so that no language model is loaded."""
    found = features()
    settings = {"data": content_hash, "language_model": LANGUAGE_MODEL}
    Cache(out / "cache").arrays("texts", settings, lambda: {"features": found})
    return found


class Guesses:
    """Scores drawn from a seed, the same whenever they are asked for."""

    def __init__(self, seed: int) -> None:
        self.table = np.random.default_rng(seed).random((USERS, ITEMS)).astype(np.float32)

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """Shape (b, c), float32."""
        return self.table[np.ix_(user_index, item_index)]


class Trainings:
    """Entries that count how often they are run.

    Attributes:
        ran: Names and seeds in the order of their training.
    """

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []

    def entry(
        self, name: str, *, error: Exception | None = None, seeds: int = 5, quick: bool = False
    ) -> Entry:
        """A training that guesses, or raises."""

        def build(inputs: Any, seed: int) -> Iterator[Scored]:
            self.ran.append((name, seed))
            if error is not None:
                raise error
            yield Scored(name, Guesses(seed))

        return entry(name, build, seeds=seeds, quick=quick)
