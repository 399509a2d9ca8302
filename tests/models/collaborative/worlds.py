"""Small settings that the tests of this folder share."""

from __future__ import annotations

from typing import Any

from models.collaborative.config import BprConfig


def small(**changes: Any) -> BprConfig:
    """Settings that learn the checkerboard in a fraction of a second."""
    settings: dict[str, Any] = {
        "d": 8,
        "epochs": 6,
        "batch_size": 7,
        "learning_rate": 0.03,
        "l2": 1e-3,
        "message_dropout": 0.0,
        "seed": 1,
    }
    return BprConfig(**{**settings, **changes})
