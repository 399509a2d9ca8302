"""Models of a benchmark compared over the same users, each model's seeds averaged for every user first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evaluation.comparison import Comparison, compare_users
from evaluation.user_side import UserSide

COMPARED = (("recall", 20), ("ndcg", 20))


def mean_over_seeds(sides: Sequence[UserSide]) -> UserSide:
    """Average the values of each user over several trainings of one model.

    Args:
        sides: At least one; of the same setting, phase, evaluator and users.

    Returns:
        Values per user.

    Raises:
        ValueError: If there is none, or they are of different users.
    """
    if not sides:
        raise ValueError("sides must hold at least one training, got none")
    first = sides[0]
    if any(side.users.tolist() != first.users.tolist() for side in sides):
        raise ValueError("sides must be of the same users; they are of different splits")
    values = {key: np.mean([side.values[key] for side in sides], axis=0) for key in first.values}
    return replace(first, values=values)


def compare_with(
    sides: Mapping[str, UserSide],
    reference: str,
    *,
    metrics: Sequence[tuple[str, int]] = COMPARED,
    seed: int = 0,
) -> list[Comparison]:
    """Paired differences of every model to one of them.

    Args:
        sides: Values per user by model, seeds averaged.
        reference: Name of the model that the others are compared with.
        metrics: Names and list lengths.
        seed: Seed of the bootstrap.

    Returns:
        One comparison a model and metric; none if the reference is not there.
    """
    if reference not in sides:
        return []
    return [
        compare_users((model, reference), (side, sides[reference]), metric=metric, k=k, seed=seed)
        for model, side in sides.items()
        if model != reference
        for metric, k in metrics
    ]
