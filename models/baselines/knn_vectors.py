"""Content neighbours in vector form: a cold item is placed in the middle of its nearest warm items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.factors import Factors
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, check_settings
from models.baselines.text_directions import text_directions
from models.baselines.validation_choice import chosen_on_validation
from models.retrieval import top_k
from models.training import OnEpoch


@dataclass(frozen=True)
class KnnVectorsConfig:
    """Settings.

    Attributes:
        neighbours: Warm items that place a cold one; more than W means all. Where there are validation items,
            where the search for a better number begins.

    Raises:
        ValueError: If it is below 1.
    """

    neighbours: Count = 5

    def __post_init__(self) -> None:
        check_settings(self)

    @classmethod
    def tuned(cls) -> KnnVectorsConfig:
        """Chosen on CiteULike's cold validation items with the vectors of iALS."""
        return cls(neighbours=10)


def fit(
    data: RivalInput, *, config: KnnVectorsConfig = KnnVectorsConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Give each cold item the mean vector of the warm items whose texts are nearest to its own.

    Args:
        data: Training set and vectors.
        config: Settings.
        on_epoch: Never called: there are no epochs.

    Returns:
        Users (U, D) and items (I, D); users and warm items keep their collaborative vectors.

    Source: item neighbours by content over the vectors of Rendle et al., "BPR" (UAI 2009); five neighbours are
        what public benchmarks of cold items use.
    """
    directions = text_directions(data.features, data.warm_items)
    cold = np.setdiff1d(np.arange(data.n_items), data.warm_items)

    def at(neighbours: float) -> Factors:
        k = min(max(1, round(neighbours)), len(data.warm_items))
        nearest, _ = top_k(directions[cold], directions[data.warm_items], k=k)
        items = np.zeros((data.n_items, data.warm_vectors.shape[1]), dtype=np.float32)
        items[data.warm_items] = data.warm_vectors
        items[cold] = data.warm_vectors[nearest].mean(axis=1)
        return Factors(users=data.user_vectors.astype(np.float32, copy=False), items=items)

    return chosen_on_validation(at, config.neighbours, validate=data.validate)
