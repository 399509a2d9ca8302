"""The synthetic world in motion: tastes drift through the year, and users arrive all along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.readers.synthetic import (
    BLOCK,
    LEAST_EVENTS,
    POPULARITY_SPREAD,
    SPAN,
    START,
    TASTE_CONCENTRATION,
    SyntheticWorld,
    WorldSize,
    meaning_of,
)

LAST_ARRIVAL = 0.95  # of the year, after which nobody new comes


@dataclass(frozen=True)
class Drift:
    """How a world moves.

    Attributes:
        taste: Share of a user's taste that another one has taken over at the end of the year, in [0, 1]; linear in
            time.
        newcomers: Share of the users who arrive during the year, evenly; the others are there from its start; in
            [0, 1).
        new_items: Share of the items that arrive during the year; the others are there from its start; in [0, 1].
        periods: Pieces of the year in which tastes stand still, at least 1.

    Raises:
        ValueError: If a value is out of its range.
    """

    taste: float = 0.5
    newcomers: float = 0.3
    new_items: float = 0.7
    periods: int = 26

    def __post_init__(self) -> None:
        if not 0 <= self.taste <= 1:
            raise ValueError(f"taste must be in [0, 1], got {self.taste}")
        if not 0 <= self.newcomers < 1:
            raise ValueError(f"newcomers must be in [0, 1), got {self.newcomers}")
        if not 0 <= self.new_items <= 1:
            raise ValueError(f"new_items must be in [0, 1], got {self.new_items}")
        if self.periods < 1:
            raise ValueError(f"periods must be at least 1, got {self.periods}")


class DriftingWorld(SyntheticWorld):
    """Users, items and the law by which they meet, which changes with time.

    An item's events come evenly from its arrival on. Its users at some time are drawn from those who have arrived,
    by their tastes at that time, none twice.
    ``taste`` and the right answers that hang on it are those of the year's start.
    """

    def __init__(self, size: WorldSize, drift: Drift) -> None:
        self.drift = drift
        super().__init__(size)

    def taste_in(self, period: int) -> NDArray[np.float64]:
        """Tastes in one of the year's periods, shape (U, topics), each row of sum 1."""
        share = self.drift.taste * period / max(1, self.drift.periods - 1)
        return (1 - share) * self.taste + share * self.later_taste

    def _draw_events(self, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size, n_periods = self.size, self.drift.periods
        self.later_taste = generator.dirichlet(
            np.full(size.n_topics, TASTE_CONCENTRATION), size=size.n_users
        )  # (U, topics)
        late = generator.random(size.n_users) < self.drift.newcomers
        self.user_arrivals = np.where(late, generator.random(size.n_users) * LAST_ARRIVAL, 0.0)  # of the year
        self.arrivals[: round(size.n_items * (1 - self.drift.new_items))] = START
        items, times = self._draw_times(generator)
        period = (times - START) * n_periods // SPAN
        met = np.zeros((size.n_users, size.n_items), dtype=np.bool_)
        pairs, when = [], []
        for at in range(n_periods):
            there = self.user_arrivals * n_periods <= at
            rows = np.flatnonzero(period == at)
            rows = rows[np.argsort(items[rows], kind="stable")]
            users = self._drawn(generator, items[rows], met, there=there, taste=self.taste_in(at))
            kept = users >= 0
            pairs.append(np.stack([users[kept], items[rows][kept]], axis=1))
            when.append(times[rows][kept])
        return np.concatenate(pairs), np.concatenate(when)

    def _draw_times(self, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Item and time of every event wanted."""
        size = self.size
        left = START + SPAN - self.arrivals  # (items,)
        rate = generator.lognormal(0, POPULARITY_SPREAD, size.n_items) * left
        wanted = np.round(rate / rate.sum() * size.n_interactions).astype(np.int64)
        wanted = np.clip(wanted, min(LEAST_EVENTS, size.n_users), size.n_users)
        items = np.repeat(np.arange(size.n_items), wanted)
        return items, self.arrivals[items] + (left[items] * generator.random(len(items))).astype(np.int64)

    def _drawn(
        self,
        generator: np.random.Generator,
        items: NDArray[np.int64],
        met: NDArray[np.bool_],
        *,
        there: NDArray[np.bool_],
        taste: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """A user for each event, given by its item, items sorted; -1 where nobody is left. Notes who met what."""
        asked, first, counts = np.unique(items, return_index=True, return_counts=True)
        users = np.full(len(items), -1, dtype=np.int64)
        step = max(1, BLOCK // self.size.n_users)
        for start in range(0, len(asked), step):
            block = asked[start : start + step]
            log_p = self._log_probabilities([meaning_of(self.titles[item]) for item in block], taste)
            # The smallest of exponential noise over p are a draw without replacement.
            drawn = generator.standard_exponential((len(block), self.size.n_users), dtype=np.float32)
            noise = np.log(np.maximum(drawn, np.finfo(np.float32).tiny))
            noise -= log_p.T.astype(np.float32)  # (b, U)
            noise[~there | met[:, block].T] = np.inf
            most = min(int(counts[start : start + step].max()), self.size.n_users)
            best = np.argpartition(noise, most - 1, axis=1)[:, :most]
            order = np.take_along_axis(best, np.take_along_axis(noise, best, axis=1).argsort(axis=1), axis=1)
            for at, item in enumerate(block):
                begin, n = first[start + at], counts[start + at]
                chosen = order[at, :n]
                chosen = chosen[np.isfinite(noise[at, chosen])]
                users[begin : begin + len(chosen)] = chosen
                met[chosen, item] = True
        return users
