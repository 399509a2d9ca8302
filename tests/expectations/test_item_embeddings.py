"""Planted faults in placed items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from expectations.finding import Finding
from expectations.item_embeddings import placement_findings, tables_untouched

IDS = ["a", "b", "c"]
VECTORS = np.eye(3, 4, dtype=np.float32)


def failed(vectors: Any, item_ids: list[str] = IDS, usual_length: float = 1.0) -> dict[str, Finding]:
    findings = placement_findings(vectors, item_ids=item_ids, usual_length=usual_length)
    return {found.name: found for found in findings if not found.passed}


def test_sound_vectors_pass() -> None:
    assert failed(VECTORS) == {}
    assert failed(VECTORS[:0], []) == {}


def test_a_touched_warm_row_is_found() -> None:
    assert tables_untouched("ab", "ab").passed
    assert not tables_untouched("ab", "ac").passed
    assert not tables_untouched("", "").passed  # a digest of nothing proves nothing


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ([np.nan, 0, 0, 0], "placed vectors are finite"),
        ([0, 0, 0, 0], "placed vectors have no dead rows"),
    ],
)
def test_a_bad_row_is_found(row: list[float], name: str) -> None:
    broken = VECTORS.copy()
    broken[1] = row
    assert failed(broken)[name].offenders == [1]


def test_lengths_unlike_warm_ones_are_found() -> None:
    found = failed(VECTORS, usual_length=0.05)["placed vectors are as long as warm ones"]
    assert found.observed == "median length 1"
    assert found.threshold == "0.05, within a factor of 10"


def test_an_item_twice_and_a_row_too_few_are_found() -> None:
    assert failed(VECTORS, ["a", "b", "a"])["no item stands twice"].offenders == ["a"]
    assert list(failed(VECTORS, ["a", "b"])) == ["placed vectors have the right shape"]
