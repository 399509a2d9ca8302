"""Settings of the collaborative models that are trained with BPR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CollaborativeModelName = Literal["mf", "lightgcn", "ngcf"]
MODEL_NAMES: tuple[CollaborativeModelName, ...] = ("mf", "lightgcn", "ngcf")


@dataclass(frozen=True)
class BprConfig:
    """How the embeddings of users and warm items are trained.

    Defaults were chosen for matrix factorisation on CiteULike-a by Recall@20 on warm validation (.291 with
    this l2, .288 with hardly any, .275 with twice the learning rate).

    Attributes:
        model: Matrix factorisation, LightGCN or NGCF.
        d: Numbers per user and item, >= 1. NGCF concatenates its layers: D = d * (layers + 1).
        layers: Steps of propagation over the graph, >= 1; matrix factorisation has none.
        learning_rate: Adam's step size, > 0.
        batch_size: Training pairs per step, >= 1; less on small data, for at least 32 steps per epoch.
        epochs: Greatest number of passes over the training pairs, >= 1.
        validate_every: Epochs from one validation to the next, >= 1.
        patience: Validations in a row without improvement that end the training, >= 1. None: never.
        l2: Weight of the mean squared norm of a triple's three rows, >= 0.
        negatives: Warm items sampled for each training pair in each epoch, >= 1.
        message_dropout: Share of each layer's output that NGCF drops in training, in [0, 1).
        seed: Seed of initial values, order, negatives and dropout, >= 0.

    Raises:
        ValueError: If a value is out of its range.
    """

    model: CollaborativeModelName = "mf"
    d: int = 200
    layers: int = 2
    learning_rate: float = 1e-3
    batch_size: int = 4096
    epochs: int = 200
    validate_every: int = 10
    patience: int | None = 3
    l2: float = 1e-3
    negatives: int = 1
    message_dropout: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        if self.model not in MODEL_NAMES:
            raise ValueError(f"model must be one of {', '.join(MODEL_NAMES)}, got {self.model!r}")
        for name in ("d", "layers", "batch_size", "epochs", "validate_every", "negatives"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience must be at least 1 (or None: never stop early), got {self.patience}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not self.l2 >= 0:
            raise ValueError(f"l2 must be at least 0, got {self.l2}")
        if not 0 <= self.message_dropout < 1:
            raise ValueError(f"message_dropout must be in [0, 1), got {self.message_dropout}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
