"""Several optimizers that step as one, for methods whose parts learn by different rules."""

from __future__ import annotations

from collections.abc import Callable

from torch.optim import Optimizer


class JointOptimizer(Optimizer):
    """Steps each of its parts in turn; clears the gradients of all their parameters.

    Args:
        parts: Optimizers of disjoint sets of parameters.

    Raises:
        ValueError: If there is no part.
    """

    def __init__(self, *parts: Optimizer) -> None:
        super().__init__([group for part in parts for group in _parameters(part)], {})
        self.parts = parts

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of every part.

        Args:
            closure: Must be None: parts could not agree on when to call it.

        Raises:
            ValueError: If a closure is given.
        """
        if closure is not None:
            raise ValueError("closure must be None: several optimizers cannot share one evaluation")
        for part in self.parts:
            part.step()


def _parameters(part: Optimizer) -> list[dict[str, object]]:
    """The parameters of an optimizer, without its settings."""
    return [{"params": list(group["params"])} for group in part.param_groups]
