"""Each user's figures of every model on one split, at rest: what paired differences over several splits are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Values
from evaluation.user_side import UserSide

FILE_NAME = "cold_test_users.npz"
CUTOFF = 20
METRICS = ("recall", "ndcg")


@dataclass(frozen=True)
class UserValues:
    """Cold test figures under evaluator B, seeds averaged.

    Attributes:
        user_ids: External ids of the users with truth, shape (n,), str.
        models: Names in the table, length M.
        values: By metric: shape (M, n), float32.
    """

    user_ids: npt.NDArray[np.str_]
    models: Sequence[str]
    values: Mapping[str, npt.NDArray[np.float32]]

    @classmethod
    def of_sides(cls, sides: Mapping[str, UserSide], user_ids: npt.NDArray[Any]) -> UserValues:
        """Gather the sides of several models over the same users.

        Args:
            sides: By model; at least one, all of the same users.
            user_ids: External id of every user_index.
        """
        users = next(iter(sides.values())).users
        values = {
            metric: np.stack([side.values[metric, CUTOFF] for side in sides.values()]).astype(np.float32)
            for metric in METRICS
        }
        return cls(user_ids[users].astype(str), list(sides), values)

    def of(self, model: str, metric: str) -> Values:
        """One model's values, shape (n,), float64.

        Raises:
            KeyError: If the model is not there.
        """
        if model not in self.models:
            raise KeyError(f"no model {model!r} among {sorted(self.models)}")
        return self.values[metric][list(self.models).index(model)].astype(np.float64)

    def save(self, directory: Path) -> None:
        """Write one compressed ``.npz`` into an existing folder, whole or not at all."""
        temporary = directory / f".writing-{FILE_NAME}"
        named: dict[str, Any] = {"user_ids": self.user_ids, "models": np.array(self.models), **self.values}
        np.savez_compressed(temporary, **named)
        temporary.replace(directory / FILE_NAME)

    @classmethod
    def load(cls, directory: Path) -> UserValues:
        """Read back what :meth:`save` wrote; refuses pickled objects."""
        with np.load(directory / FILE_NAME, allow_pickle=False) as arrays:
            values = {metric: arrays[metric] for metric in METRICS}
            return cls(arrays["user_ids"], arrays["models"].tolist(), values)
