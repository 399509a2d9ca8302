"""Settings of iALS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.coldstart.fold_in import USUAL_REGULARISER

REGULARISERS = (0.005, 0.015, USUAL_REGULARISER, 0.15, 0.5, 1.5, 5.0)
"""Steps of about three, among which validation chooses."""


@dataclass(frozen=True)
class IalsConfig:
    """How iALS is trained; defaults were measured on CiteULike-a by warm Recall@20.

    Attributes:
        d: Numbers per vector, >= 1; wide is better (400: .358, 200: .341).
        unobserved_weight: Weight of a pair that was not observed against one that was, > 0.
        regulariser: Ridge weight, > 0. None: chosen on validation out of :data:`REGULARISERS`, or .05 where nothing
            validates.
        regulariser_power: A row of n pairs among m has ridge
            ``regulariser * (n + unobserved_weight * m) ** regulariser_power``.
        sweeps: Passes over users and items, >= 1.
        seed: Of the items' initial values, normal with deviation .1 / sqrt(d).

    Raises:
        ValueError: If a value is out of its range.
    """

    d: int = 400
    unobserved_weight: float = 0.01
    regulariser: float | None = None
    regulariser_power: float = 0.5
    sweeps: int = 9
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("d", "sweeps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("unobserved_weight", "regulariser"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")

    def ridge(self, degrees: NDArray[Any], n_fixed: int) -> NDArray[np.float64]:
        """Ridge weight of each row, (rows,), of so many pairs among ``n_fixed``; a weight left open is the usual."""
        counted = degrees.astype(np.float64) + self.unobserved_weight * n_fixed
        weight = USUAL_REGULARISER if self.regulariser is None else self.regulariser
        found: NDArray[np.float64] = weight * counted**self.regulariser_power
        return found
