"""Extending against starting over: the figures by hand, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.extending import Extending, ExtendingStep

ABOUT = {
    "command": "coldcast replay synthetic --extend --out out",
    "seeds": {"training": 42},
    "date": "2024-01-01T00:00:00+00:00",
    "commit": None,
    "machine": {"cores": 2},
    "extension": {"epochs": 1},
}


def step(number: int, users: list[int], full: list[float], extend: list[float]) -> ExtendingStep:
    return ExtendingStep(
        step=number,
        day=f"2024-01-0{number}",
        n_users=10,
        n_warm=20,
        users=np.array(users),
        full=np.array(full),
        extend=np.array(extend),
        full_seconds=8.0 * number,
        extend_seconds=1.0 + number,
    )


@pytest.fixture
def outcome() -> Extending:
    """User 1 is judged twice: full (0.2 + 0.4) / 2, extended (0.2 + 0.3) / 2; users 2 and 3 once each."""
    return Extending(
        ABOUT, [step(1, [1, 2], [0.2, 0.5], [0.2, 0.4]), step(2, [1, 3], [0.4, 0.1], [0.3, 0.2])]
    )


def test_each_user_counts_once(outcome: Extending) -> None:
    assert outcome.full.mean == pytest.approx((0.3 + 0.5 + 0.1) / 3)
    assert outcome.difference.mean == pytest.approx((-0.05 - 0.1 + 0.1) / 3)
    loss = outcome.relative_loss
    assert loss.mean == pytest.approx((0.05 / 3) / 0.3)
    assert loss.low <= loss.mean <= loss.high
    assert loss.n == 3


def test_time_is_compared_over_all_steps(outcome: Extending) -> None:
    assert outcome.share_of_time == pytest.approx((2 + 3) / (8 + 16))


def test_what_is_kept(outcome: Extending, tmp_path: Path) -> None:
    outcome.save(tmp_path)
    kept = json.loads((tmp_path / "extending.json").read_text())
    assert kept["command"] == ABOUT["command"]
    assert kept["about"]["extension"] == kept["extension"] == {"epochs": 1}
    assert kept["share_of_time"] == pytest.approx(5 / 24, abs=1e-4)
    assert kept["relative_loss"] == pytest.approx(0.05556, abs=1e-5)
    assert kept["mean_over_steps"] == {
        "full_ndcg": 0.3,
        "extend_ndcg": 0.275,
        "full_cpu_seconds": 12.0,
        "extend_cpu_seconds": 2.5,
    }
    assert [one["step"] for one in kept["steps"]] == [1, 2]
    assert kept["steps"][1] == {
        "step": 2,
        "day": "2024-01-02",
        "users": 10,
        "warm_items": 20,
        "judged": 2,
        "full_cpu_seconds": 16.0,
        "extend_cpu_seconds": 3.0,
        "full_ndcg": 0.25,
        "extend_ndcg": 0.25,
    }
