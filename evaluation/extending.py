"""What retrains that extend their predecessor cost and lose against retrains in full, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.array_types import Indices, Values
from evaluation.forward_test import over_steps
from evaluation.uncertainty import Interval, bootstrap_interval, paired_difference

NAME = "extending"


@dataclass(frozen=True)
class ExtendingStep:
    """Both retrains of one snapshot.

    Attributes:
        step: Number, from 0.
        day: When the snapshot was taken, UTC.
        n_users: Users in it.
        n_warm: Items trained on.
        users: Judged users by their number in the whole, shape (n,), int64.
        full, extend: NDCG@20 over held-out items of the same users, shape (n,), float64.
        full_seconds, extend_seconds: Of training, on the processor's clock.
    """

    step: int
    day: str
    n_users: int
    n_warm: int
    users: Indices
    full: Values
    extend: Values
    full_seconds: float
    extend_seconds: float

    def told(self) -> dict[str, Any]:
        """Its figures as JSON values."""
        return {
            "step": self.step,
            "day": self.day,
            "users": self.n_users,
            "warm_items": self.n_warm,
            "judged": len(self.users),
            "full_cpu_seconds": round(self.full_seconds, 2),
            "extend_cpu_seconds": round(self.extend_seconds, 2),
            "full_ndcg": round(float(self.full.mean()), 6),
            "extend_ndcg": round(float(self.extend.mean()), 6),
        }


@dataclass(frozen=True)
class Extending:
    """The whole.

    Attributes:
        about: Source, clock, settings, command and seeds, as JSON values.
        steps: In order, at least one.
    """

    about: Mapping[str, Any]
    steps: Sequence[ExtendingStep]

    @property
    def share_of_time(self) -> float:
        """Seconds of all extending retrains over those of all retrains in full."""
        return sum(one.extend_seconds for one in self.steps) / sum(one.full_seconds for one in self.steps)

    @property
    def full(self) -> Interval:
        """NDCG@20 in full, each user by the mean over the steps that judge him."""
        return bootstrap_interval(self._by_user("full"))

    @property
    def difference(self) -> Interval:
        """Extended minus full, over the same users."""
        return paired_difference(self._by_user("extend"), self._by_user("full"))

    @property
    def relative_loss(self) -> Interval:
        """What extending loses of the NDCG@20 in full, with the interval of the difference; below 0 it gains."""
        found, whole = self.difference, self.full.mean
        return Interval(-found.mean / whole, -found.high / whole, -found.low / whole, found.n)

    def _by_user(self, name: str) -> Values:
        return over_steps([one.users for one in self.steps], [getattr(one, name) for one in self.steps])[1]

    def short(self) -> dict[str, Any]:
        """What is kept beside the code."""
        loss = self.relative_loss
        return {
            **{
                name: self.about[name]
                for name in ("command", "seeds", "date", "commit", "machine", "extension")
            },
            "share_of_time": round(self.share_of_time, 4),
            "relative_loss": round(loss.mean, 5),
            "relative_loss_low": round(loss.low, 5),
            "relative_loss_high": round(loss.high, 5),
            "judged_users": loss.n,
            "mean_over_steps": {
                name: round(float(np.mean([one.told()[name] for one in self.steps])), 6)
                for name in ("full_ndcg", "extend_ndcg", "full_cpu_seconds", "extend_cpu_seconds")
            },
            "steps": [one.told() for one in self.steps],
        }

    def save(self, directory: Path) -> None:
        """Write ``extending.json`` into an existing folder."""
        text = json.dumps({**self.short(), "about": dict(self.about)}, indent=1, ensure_ascii=False) + "\n"
        temporary = directory / f".{NAME}.writing"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(directory / f"{NAME}.json")
