"""Settings of the collaborative models that are trained with BPR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

CollaborativeModelName = Literal["mf", "lightgcn", "ngcf"]
MODEL_NAMES: tuple[CollaborativeModelName, ...] = ("mf", "lightgcn", "ngcf")
NoisyLabels = Literal["ignored", "weighted", "likelihood"]
NOISY_LABELS: tuple[NoisyLabels, ...] = ("ignored", "weighted", "likelihood")
Start = Literal["tuned", "random", "mf"]
STARTS: tuple[Start, ...] = ("tuned", "random", "mf")


class Tuned(NamedTuple):
    """Settings that differ from model to model."""

    learning_rate: float
    l2: float
    validate_every: int
    start: Start


TUNED: dict[CollaborativeModelName, Tuned] = {
    "mf": Tuned(1e-3, 1e-3, 10, "random"),
    "lightgcn": Tuned(5e-3, 1e-4, 5, "mf"),
    "ngcf": Tuned(1e-3, 1e-3, 1, "mf"),
}
"""Chosen on CiteULike-a's warm validation pairs (``docs/results.md``). A row of LightGCN is a third of its vector and
must be three times as long, so that a penalty which suits matrix factorisation holds it down."""


@dataclass(frozen=True)
class BprConfig:
    """How the embeddings of users and warm items are trained.

    Defaults were chosen for matrix factorisation on CiteULike-a by Recall@20 on warm validation (.291 with
    this l2, .288 with hardly any, .275 with twice the learning rate), those in :data:`TUNED` for each model.

    Attributes:
        model: Matrix factorisation, LightGCN or NGCF.
        d: Numbers per user and item, >= 1. NGCF concatenates its layers: D = d * (layers + 1).
        layers: Steps of propagation over the graph, >= 1; matrix factorisation has none.
        learning_rate: Adam's step size, > 0. None: as tuned for the model.
        batch_size: Training pairs per step, >= 1; less on small data, for at least 32 steps per epoch.
        epochs: Greatest number of passes over the training pairs, >= 1.
        start: First values of the rows. "random": Xavier's. "mf": those of a matrix factorisation that is
            trained first, with the same settings where they are not its own; NGCF's authors' code offers it
            (``pretrain``). "tuned": as tuned for the model.
        validate_every: Epochs from one validation to the next, >= 1. None: as tuned for the model.
        patience: Validations in a row without improvement that end the training, >= 1. None: never.
        l2: Weight of the mean squared norm of a triple's three rows, >= 0. None: as tuned for the model.
        negatives: Warm items sampled for each training pair in each epoch, >= 1.
        message_dropout: Share of each layer's output that NGCF drops in training, in [0, 1).
        noisy_labels: Whether a pair without an event may be a missed positive. "ignored": plain BPR.
            "weighted": BPR, a triple weighing the probability that its negative is a true one. "likelihood":
            scores are trained by the probability of the labels, point by point (NBPO).
        noise_d: Numbers per row of the noise model, >= 1; 50 is its authors'.
        noise_l2: Weight of the mean squared norm of a triple's three noise rows, >= 0.
        seed: Seed of initial values, order, negatives and dropout, >= 0.

    Raises:
        ValueError: If a value is out of its range.
    """

    model: CollaborativeModelName = "mf"
    d: int = 200
    layers: int = 2
    learning_rate: float | None = None
    batch_size: int = 4096
    epochs: int = 200
    start: Start = "tuned"
    validate_every: int | None = None
    patience: int | None = 3
    l2: float | None = None
    negatives: int = 1
    message_dropout: float = 0.1
    noisy_labels: NoisyLabels = "ignored"
    noise_d: int = 50
    noise_l2: float = 5e-3
    seed: int = 42

    @property
    def tuned(self) -> Tuned:
        """The settings that differ from model to model, what is left open as tuned for the model."""
        given = {name: getattr(self, name) for name in Tuned._fields}
        given = {name: value for name, value in given.items() if value not in (None, "tuned")}
        return TUNED[self.model]._replace(**given)

    def resolved(self) -> BprConfig:
        """The same with nothing left open."""
        return replace(self, **self.tuned._asdict())

    def of_start(self) -> BprConfig:
        """Settings of the matrix factorisation that a graph model starts from: its own where they differ."""
        return replace(self, model="mf", learning_rate=None, l2=None, validate_every=None, start="tuned")

    def __post_init__(self) -> None:
        if self.model not in MODEL_NAMES:
            raise ValueError(f"model must be one of {', '.join(MODEL_NAMES)}, got {self.model!r}")
        if self.start not in STARTS:
            raise ValueError(f"start must be one of {', '.join(STARTS)}, got {self.start!r}")
        if self.model == "mf" and self.start == "mf":
            raise ValueError("start must be random for the model mf: it is what other models start from")
        counts = ("d", "layers", "batch_size", "epochs", "negatives", "noise_d")
        for name in counts if self.validate_every is None else (*counts, "validate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience must be at least 1 (or None: never stop early), got {self.patience}")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        for name in ("noise_l2",) if self.l2 is None else ("l2", "noise_l2"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.noisy_labels not in NOISY_LABELS:
            raise ValueError(
                f"noisy_labels must be one of {', '.join(NOISY_LABELS)}, got {self.noisy_labels!r}"
            )
        if not 0 <= self.message_dropout < 1:
            raise ValueError(f"message_dropout must be in [0, 1), got {self.message_dropout}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
