"""A small world whose right answer is known: topics, users with tastes, items with readable titles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import CREATED_AT, ITEM_ID, TEXT, TIME, USER_ID, WEIGHT
from data.errors import InputError
from data.readers.dataset import Dataset, Source
from data.readers.synthetic_words import ANGLES, FILLERS, THEMES

WORLD_FILE = "synthetic_world.json"
START = 1_704_067_200  # 2024-01-01 00:00 UTC, when the first item can arrive
SPAN = 365 * 24 * 3600  # seconds in which items arrive and events fall

# Tuned at 600 users x 1,500 items so that oracle > non-linear > ridge > single words > chance has wide gaps.
TASTE_CONCENTRATION = 0.12  # Dirichlet parameter: most users care for one or two topics
TASTE_FLOOR = 0.02  # keeps the log of a taste finite
SINGLE_WORD_STRENGTH = 0.5  # what theme or angle alone tell, against 1 for the topic
ACTIVITY_SPREAD = 0.4  # standard deviation of a user's log activity
POPULARITY_SPREAD = 0.5  # standard deviation of an item's log number of events
LEAST_EVENTS = 3  # events of the least popular item
BLOCK = 1_000_000  # probabilities computed at a time; about 8 MB


@dataclass(frozen=True)
class WorldSize:
    """What a world is made from; equal sizes give equal worlds.

    Attributes:
        n_users: U, at least 2.
        n_items: Items with events, at least 1.
        n_topics: Groups of (theme, angle) combinations, 2 to 12.
        n_interactions: Pairs wanted; the world holds about that many.
        seed: Of the generator.

    Raises:
        ValueError: If a value is out of its range.
    """

    n_users: int = 600
    n_items: int = 1500
    n_topics: int = 12
    n_interactions: int = 30_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_users < 2 or self.n_items < 1:
            raise ValueError(
                f"a world needs 2 users and 1 item, got {self.n_users} users and {self.n_items} items"
            )
        if not 2 <= self.n_topics <= len(THEMES):
            raise ValueError(f"n_topics must be between 2 and {len(THEMES)}, got {self.n_topics}")
        if not 0 <= self.n_interactions <= self.n_users * self.n_items:
            raise ValueError(
                f"n_interactions must be between 0 and users x items ({self.n_users * self.n_items}), "
                f"got {self.n_interactions}"
            )
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")


class SyntheticWorld:
    """Users, items and the law by which they meet.

    An item has a theme (cheese) and an angle (law); its topic is looked up in a table in which every theme
    and every angle meets every topic equally often. What a user likes is mostly the topic, hence a
    combination: one word of a title says nothing about it. A weaker part hangs on theme and angle alone, so
    that methods which add up single words get part of the way. Users of an item are drawn from its true
    distribution without replacement.
    """

    def __init__(self, size: WorldSize) -> None:
        self.size = size
        generator = np.random.default_rng(size.seed)
        n_themes, n_angles = len(THEMES), len(ANGLES)
        shifts = generator.permutation(n_themes)[:, None] + generator.permutation(n_angles)[None, :]
        self.topic_of: NDArray[np.int64] = shifts % size.n_topics  # (themes, angles)
        self.taste = generator.dirichlet(
            np.full(size.n_topics, TASTE_CONCENTRATION), size=size.n_users
        )  # (U, topics)
        self._theme_liking = generator.standard_normal((size.n_users, n_themes))
        self._angle_liking = generator.standard_normal((size.n_users, n_angles))
        self._log_activity = ACTIVITY_SPREAD * generator.standard_normal(size.n_users)
        self.titles: list[str] = _draw_titles(generator, size.n_items, taken=set())
        self.arrivals = np.sort(generator.integers(START, START + SPAN * 19 // 20, size=size.n_items))
        self.pairs, self.times = self._draw_events(generator)
        self._later_titles = generator.spawn(1)[0]

    @classmethod
    def create(
        cls,
        n_users: int = 600,
        n_items: int = 1500,
        *,
        n_topics: int = 12,
        n_interactions: int = 30_000,
        seed: int = 0,
    ) -> SyntheticWorld:
        """Make a world of the size wanted; see :class:`WorldSize` for the arguments and errors."""
        return cls(WorldSize(n_users, n_items, n_topics, n_interactions, seed))

    @property
    def user_ids(self) -> list[str]:
        """``user-0000`` and so on, length U."""
        return [f"user-{at:04d}" for at in range(self.size.n_users)]

    @property
    def item_ids(self) -> list[str]:
        """``item-00000`` and so on in order of arrival, length n_items."""
        return [f"item-{at:05d}" for at in range(self.size.n_items)]

    def true_probability(self, item: int) -> NDArray[np.float64]:
        """The right answer for item number ``item``: P(user | item) over all users, shape (U,), sums to 1."""
        return self.true_probability_of(self.titles[item])

    def true_probability_of(self, title: str) -> NDArray[np.float64]:
        """The right answer for any title made of this world's words, shape (U,), float64, sums to 1.

        Raises:
            InputError: If the title is none of this world's.
        """
        probabilities: NDArray[np.float64] = np.exp(self._log_probabilities([meaning_of(title)])[:, 0])
        return probabilities

    def true_log_probabilities(self, user_ids: Sequence[str], titles: Sequence[str]) -> NDArray[np.float32]:
        """What an oracle scores: log P(user | title) in nats, normalised over the world's U users.

        Args:
            user_ids: b ids of this world's users, in any order.
            titles: c titles of this world.

        Returns:
            Shape (b, c), float32.

        Raises:
            KeyError: If a user is none of this world's.
            InputError: If a title is none of this world's.
        """
        known = {user_id: at for at, user_id in enumerate(self.user_ids)}
        unknown = [user_id for user_id in user_ids if user_id not in known]
        if unknown:
            raise KeyError(f"user_ids must be of this world of {self.size.n_users} users, got {unknown[:3]}")
        rows = np.array([known[user_id] for user_id in user_ids], dtype=np.int64)
        return self._log_probabilities([meaning_of(title) for title in titles])[rows].astype(
            np.float32
        )  # (b, c)

    def new_titles(self, n: int) -> list[str]:
        """Draw n distinct titles that no item of this world bears and no earlier call returned.

        Their audience is known: :meth:`true_probability_of`. The same world, asked in the same order, gives
        the same titles.
        """
        drawn = _draw_titles(self._later_titles, n, taken=self._taken)
        self._taken.update(drawn)
        return drawn

    def dataset(self, *, since: int = 0, until: int | None = None) -> Dataset:
        """The world as a reader hands it on.

        Args:
            since: Only what arrives at this time (unix seconds) or later.
            until: Only what arrives before this time; None for everything. A user arrives with the first
                event.
        """
        end = START + SPAN + 1 if until is None else until
        arrived = (self.arrivals >= since) & (self.arrivals < end)
        first_event = np.full(self.size.n_users, START, dtype=np.int64)
        first_event[self.pairs[:, 0]] = START + SPAN
        np.minimum.at(first_event, self.pairs[:, 0], self.times)
        users = np.flatnonzero((first_event >= since) & (first_event < end))
        items = np.flatnonzero(arrived)
        events = np.flatnonzero((self.times >= since) & (self.times < end))
        user_ids, item_ids = np.array(self.user_ids), np.array(self.item_ids)
        name = f"synthetic world {self.size.seed}"
        return Dataset(
            name=name,
            users=Source.of_table(
                f"{name}, users", {USER_ID: user_ids[users], CREATED_AT: first_event[users]}
            ),
            items=Source.of_table(
                f"{name}, items",
                {
                    ITEM_ID: item_ids[items],
                    TEXT: pa.array([self.titles[at] for at in items], type=pa.string()),
                    CREATED_AT: self.arrivals[items],
                },
            ),
            interactions=Source.of_table(
                f"{name}, interactions",
                {
                    USER_ID: user_ids[self.pairs[events, 0]],
                    ITEM_ID: item_ids[self.pairs[events, 1]],
                    TIME: self.times[events],
                    WEIGHT: np.ones(len(events), dtype=np.float32),
                },
            ),
        )

    def save(self, directory: Path) -> None:
        """Write the size, from which :meth:`load` makes the same world again."""
        (directory / WORLD_FILE).write_text(json.dumps(asdict(self.size), indent=2) + "\n", encoding="utf-8")

    @staticmethod
    def is_in(directory: Path) -> bool:
        """Whether a world's size lies in ``directory``."""
        return (directory / WORLD_FILE).exists()

    @classmethod
    def load(cls, directory: Path) -> SyntheticWorld:
        """Make the world again whose size lies in ``directory``.

        Raises:
            InputError: If the file is missing or damaged.
        """
        return cls(cls.load_size(directory))

    @staticmethod
    def load_size(directory: Path) -> WorldSize:
        """The size that lies in ``directory``.

        Raises:
            InputError: If the file is missing or damaged.
        """
        path = directory / WORLD_FILE
        try:
            return WorldSize(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"{path}: no size of a synthetic world: {error}. Remedy: make the world again"
            ) from error

    @cached_property
    def _taken(self) -> set[str]:
        return set(self.titles)

    def _log_probabilities(
        self, meanings: Sequence[tuple[int, int]], taste: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """log P(user | theme, angle), shape (U, len(meanings)), in nats; ``taste`` (U, topics) if not the world's."""
        themes, angles = np.array(meanings, dtype=np.int64).reshape(-1, 2).T
        topics = self.topic_of[themes, angles]
        taste = self.taste if taste is None else taste
        logits = np.log(taste[:, topics] + TASTE_FLOOR)  # (U, c)
        single = (self._theme_liking[:, themes] + self._angle_liking[:, angles]) / np.sqrt(2)
        logits += SINGLE_WORD_STRENGTH * single + self._log_activity[:, None]
        logits -= logits.max(axis=0)
        normalised: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(axis=0))
        return normalised

    def _draw_events(self, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = self.size
        popularity = generator.lognormal(0, POPULARITY_SPREAD, size.n_items)
        wanted = np.round(popularity / popularity.sum() * size.n_interactions).astype(np.int64)
        wanted = np.clip(wanted, min(LEAST_EVENTS, size.n_users), size.n_users)  # (items,)
        meanings = [meaning_of(title) for title in self.titles]
        users: list[NDArray[np.int64]] = []
        step = max(1, BLOCK // size.n_users)
        for start in range(0, size.n_items, step):
            log_p = self._log_probabilities(meanings[start : start + step])
            # The largest of log p + Gumbel noise are a draw without replacement.
            noisy = log_p + generator.gumbel(size=log_p.shape)
            order = np.argsort(-noisy, axis=0)
            users += [order[: wanted[start + at], at] for at in range(log_p.shape[1])]
        items = np.repeat(np.arange(size.n_items), wanted)
        left = START + SPAN - self.arrivals[items]
        times = self.arrivals[items] + (left * generator.beta(1, 3, size=len(items))).astype(np.int64)
        return np.stack([np.concatenate(users), items], axis=1), times


def meaning_of(title: str) -> tuple[int, int]:
    """Read theme and angle (numbers in the word lists) back from a title.

    Raises:
        InputError: If the title is not made of the world's words.
    """
    clauses = title.split(", ")
    for count in range(len(clauses), 0, -1):
        found = _MEANINGS.get(", ".join(clauses[:count]))
        if found is not None:
            return found
    raise InputError(
        f"the title {title!r} is not of the synthetic world; take one of its items or of new_titles()"
    )


def _sentence(template: str, words: str) -> str:
    text = template.format(words)
    return text[0].upper() + text[1:]


_MEANINGS: dict[str, tuple[int, int]] = {
    _sentence(template, words): (theme, angle)
    for theme, of_theme in enumerate(THEMES.values())
    for angle, of_angle in enumerate(ANGLES.values())
    for words in of_theme
    for template in of_angle
}


def _draw_titles(generator: np.random.Generator, n: int, *, taken: set[str]) -> list[str]:
    """n distinct titles outside ``taken``; a title drawn again becomes a further part of itself."""
    themes, angles = list(THEMES.values()), list(ANGLES.values())
    titles: list[str] = []
    seen = set(taken)
    for _ in range(n):
        words = themes[generator.integers(len(themes))]
        templates = angles[generator.integers(len(angles))]
        title = _sentence(
            templates[generator.integers(len(templates))], words[generator.integers(len(words))]
        )
        filler = FILLERS[generator.integers(len(FILLERS))]
        full = f"{title}, {filler}" if filler else title
        part, unique = 2, full
        while unique in seen:
            part, unique = part + 1, f"{full}, part {part}"
        seen.add(unique)
        titles.append(unique)
    return titles
