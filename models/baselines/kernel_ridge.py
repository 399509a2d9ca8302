"""Kernel ridge regression from an item's text to its users, on a sample of landmark items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.baselines.factors import Factors
from models.baselines.nystrom import choose_landmarks, regression, whitened
from models.baselines.rival import RivalInput
from models.baselines.text_directions import text_directions
from models.baselines.training_matrix import training_matrix
from models.baselines.validation_choice import chosen_on_validation
from models.training import OnEpoch


@dataclass(frozen=True)
class KernelRidgeConfig:
    """Defaults were chosen on CiteULike's cold validation items.

    Attributes:
        landmarks: Warm items that span the solution, >= 1; more than W means all.
        penalty: Ridge weight, > 0; where there are validation items, where the search for a better one begins.
        sharpness: g in the kernel exp(g (cos - 1)), > 0; larger looks at nearer texts.

    Raises:
        ValueError: If a value is out of its range.
    """

    landmarks: int = 2500
    penalty: float = 3.0
    sharpness: float = 1.0

    def __post_init__(self) -> None:
        if self.landmarks < 1:
            raise ValueError(f"landmarks must be at least 1, got {self.landmarks}")
        for name in ("penalty", "sharpness"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


def fit(
    data: RivalInput, *, config: KernelRidgeConfig = KernelRidgeConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Predict the column of each warm item in the training matrix from its text, beyond linear maps.

    Args:
        data: Pairs and text vectors; collaborative vectors are not used. Its seed draws the landmarks.
        config: Settings.
        on_epoch: Never called: the solution is closed.

    Returns:
        Factors: items (I, m) are whitened kernel features, users (U, m) the regression's weights, m the
        landmarks.

    Source: kernel ridge regression (Saunders et al., ICML 1998) with Nystrom landmarks (Williams and Seeger,
        NIPS 2000); the kernel is a Gaussian on the sphere of text directions.
    """
    directions = text_directions(data.features, data.warm_items)  # (I, H)
    landmarks = choose_landmarks(data.warm_items, config.landmarks, seed=data.seed)
    kernel = np.exp(config.sharpness * (directions @ directions[landmarks].T - 1))  # (I, m)
    items = whitened(kernel, landmarks)  # (I, m)
    readers = training_matrix(data.train, n_users=data.n_users, n_items=data.n_items)
    users = regression(items[data.warm_items], readers[:, data.warm_items])
    return chosen_on_validation(
        lambda penalty: Factors(users=users(penalty), items=items), config.penalty, validate=data.validate
    )
