"""Planted faults in audiences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from expectations.cold_item_distributions import distribution_findings
from expectations.finding import Finding

IDS = ["a", "b", "c"]


def audiences() -> tuple[Any, Any]:
    users = np.array([[0, 1, 2], [4, 3, 0], [2, 0, 1]], dtype=np.int64)
    return users, np.log(np.array([[0.5, 0.3, 0.2], [0.4, 0.2, 0.1], [0.2, 0.2, 0.2]], dtype=np.float32))


def failed(users: Any, logs: Any, item_ids: list[str] = IDS) -> dict[str, Finding]:
    findings = distribution_findings(users, logs, item_ids=item_ids, n_users=5)
    return {found.name: found for found in findings if not found.passed}


def test_sound_audiences_pass() -> None:
    assert failed(*audiences()) == {}
    assert failed(np.empty((0, 3), dtype=np.int64), np.empty((0, 3), dtype=np.float32), []) == {}


@pytest.mark.parametrize(
    ("user", "log_probability", "name"),
    [
        (5, None, "users exist"),
        (-1, None, "users exist"),
        (4, None, "no user stands twice in a row"),
        (None, 0.0, "rows descend"),
        (None, np.nan, "log-probabilities are finite"),
    ],
)
def test_planted_faults_are_found(user: int | None, log_probability: float | None, name: str) -> None:
    users, logs = audiences()
    if user is not None:
        users[1, 2] = user
    if log_probability is not None:
        logs[1, 2] = log_probability
    assert failed(users, logs)[name].offenders == ["b"]


def test_raw_logits_are_found_by_their_sum() -> None:
    users, logs = audiences()
    assert failed(users, logs + np.float32(0.5))["probabilities sum to at most 1"].offenders == ["a", "b"]


def test_rounding_is_no_fault() -> None:
    users, logs = audiences()
    assert failed(users, logs + np.float32(1e-5)) == {}


def test_an_item_twice_and_a_row_too_few_are_found() -> None:
    users, logs = audiences()
    assert failed(users, logs, ["a", "b", "a"])["no item stands twice"].offenders == ["a"]
    assert list(failed(users, logs, ["a", "b"])) == ["audiences have the right shape"]
