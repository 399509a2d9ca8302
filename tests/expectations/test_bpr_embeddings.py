"""Planted faults in collaborative vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from expectations.bpr_embeddings import above_popularity, vector_findings
from expectations.finding import Finding
from models.collaborative.embeddings import CollaborativeEmbeddings

WARM = np.array([0, 2, 5], dtype=np.int64)


@pytest.fixture
def good() -> CollaborativeEmbeddings:
    generator = np.random.default_rng(0)
    users, items = (generator.standard_normal((n, 4)).astype(np.float32) for n in (6, 3))
    return CollaborativeEmbeddings(users, items, WARM)


def failed(embeddings: CollaborativeEmbeddings, n_users: int = 6) -> dict[str, Finding]:
    findings = vector_findings(embeddings, n_users=n_users, warm_items=WARM)
    return {found.name: found for found in findings if not found.passed}


def test_sound_vectors_pass(good: CollaborativeEmbeddings) -> None:
    assert failed(good) == {}


def test_a_user_too_few_is_found(good: CollaborativeEmbeddings) -> None:
    assert list(failed(good, n_users=7)) == ["user vectors have the right shape"]


def test_a_foreign_item_is_found(good: CollaborativeEmbeddings) -> None:
    other = replace(good, warm_item_index=np.array([0, 3, 5], dtype=np.int64))
    assert failed(other)["the items are the snapshot's warm items"].offenders == [1]


def test_a_diverged_and_a_dead_row_are_found(good: CollaborativeEmbeddings) -> None:
    users, items = good.users.copy(), good.warm_items.copy()
    users[4, 2], items[1] = np.nan, 0
    found = failed(replace(good, users=users, warm_items=items))
    assert found["user vectors are finite"].offenders == [4]
    assert found["item vectors have no dead rows"].offenders == [1]


def test_popularity_is_a_warning_only() -> None:
    assert above_popularity(0.2, 0.1).passed
    worse = above_popularity(0.1, 0.1)
    assert (worse.passed, worse.severity, worse.threshold) == (False, "warning", "above 0.1000")
    assert above_popularity(None, None).passed
