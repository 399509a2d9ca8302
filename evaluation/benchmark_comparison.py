"""Models of a benchmark compared over the same users and seeds, the seeds averaged for every user first."""

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
    sides: Mapping[str, Mapping[int, UserSide]],
    reference: str,
    *,
    metrics: Sequence[tuple[str, int]] = COMPARED,
    seed: int = 0,
) -> list[Comparison]:
    """Paired differences of every model to one of them, over the seeds that both have.

    Args:
        sides: Values per user by model and seed.
        reference: Name of the model that the others are compared with.
        metrics: Names and list lengths.
        seed: Seed of the bootstrap.

    Returns:
        One comparison a model and metric; none of a model that has no seed in common with the reference.
    """
    found = []
    for model, of_seed in sides.items():
        common = of_seed.keys() & sides.get(reference, {}).keys()
        if model == reference or not common:
            continue
        pair = tuple(
            mean_over_seeds([each[one] for one in sorted(common)]) for each in (of_seed, sides[reference])
        )
        found += [
            compare_users((model, reference), (pair[0], pair[1]), metric=metric, k=k, seed=seed)
            for metric, k in metrics
        ]
    return found
