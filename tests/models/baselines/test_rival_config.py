"""Ranges and choices are read from the types, also of inherited and of optional settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from models.baselines.rival_config import Count, PartShare, Positive, RivalConfig, Share, Weight, WholeNumber


@dataclass(frozen=True)
class Config(RivalConfig):
    """One setting of each kind."""

    batch_size: Count = 3
    width: Count | None = 2
    layers: WholeNumber = 0
    rate: Positive = 0.1
    weight: Weight = 0.0
    share: Share = 1.0
    dropout: PartShare = 0.0
    kind: Literal["one", "two"] = "one"
    free: bool = False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"patience": 0}, "patience must be at least 1, got 0"),
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"layers": -1}, "layers must be at least 0, got -1"),
        ({"rate": 0.0}, "rate must be above 0, got 0.0"),
        ({"rate": math.nan}, "rate must be above 0, got nan"),
        ({"weight": -0.1}, "weight must be at least 0, got -0.1"),
        ({"share": 1.1}, r"share must be in \[0, 1\], got 1.1"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"kind": "three"}, "kind must be 'one' or 'two', got 'three'"),
    ],
)
def test_refusals(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Config(**changes)


def test_edges_and_none_pass():
    config = Config(patience=None, width=None, share=0.0, layers=0)
    assert config.batch_size == 3
    assert config.validate_every == 1
