"""How much is judged, and how finely."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationConfig:
    """Settings of the evaluation report.

    Attributes:
        references: Judge the references too (chance, popularity, TF-IDF, kNN, ridge); they cost about a minute
            on 17,000 items.
        bootstrap: Resamples behind each interval, >= 100.
        seed: Seed of resampling and of the order among equal scores, >= 0.
    """

    references: bool = True
    bootstrap: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.bootstrap < 100:
            raise ValueError(f"bootstrap must be at least 100, got {self.bootstrap}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
