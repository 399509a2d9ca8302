"""A unit is one training with one seed: what is done whole, or not at all."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from assets.benchmark.entry import FIRST_SEED, Entry
from assets.benchmark.revisions import TEXTS, revised
from data.errors import InputError


@dataclass(frozen=True)
class Unit:
    """One entry of the registry with one seed.

    Attributes:
        entry: What is trained.
        seed: With which seed.
    """

    entry: Entry
    seed: int

    @property
    def name(self) -> str:
        """Of its folder: the entry's name and the seed."""
        return f"{self.entry.name}-seed{self.seed}"

    def settings(self, language_model: str) -> str:
        """Digest of all that it is trained with, beside the data."""
        own = revised(self.entry.name, self.entry.settings(self.seed))
        given = {"language_model": language_model, **revised(TEXTS, own)}
        return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


def units_of(entries: Sequence[Entry], *, seeds: int) -> list[Unit]:
    """All units, the first seed of every entry before the second of any.

    Args:
        entries: What to train.
        seeds: Seeds at most; an entry that states fewer gets fewer.

    Returns:
        The units, in the order in which they are run: an interrupted table is complete in models first.
    """
    return [
        Unit(one, FIRST_SEED + number) for number in range(seeds) for one in entries if number < one.seeds
    ]


def chosen_entries(entries: Sequence[Entry], *, only: Sequence[str] = (), quick: bool = False) -> list[Entry]:
    """The entries that give the wanted models.

    Args:
        entries: The registry.
        only: Names of models; all if empty.
        quick: Only the entries that are marked so.

    Returns:
        Entries in the registry's order.

    Raises:
        InputError: If a name is unknown; lists the known ones.
    """
    known = [model for one in entries for model in one.models]
    unknown = [name for name in only if name not in known]
    if unknown:
        raise InputError(f"no model is called {unknown[0]!r}; known: {', '.join(sorted(known))}")
    wanted = [one for one in entries if not only or set(only) & set(one.models)]
    return [one for one in wanted if one.quick or not quick]
