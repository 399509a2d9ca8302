"""Asking a version for the audiences of waiting items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets import item_distributions
from assets.item_distributions import ItemDistributions, distributions_of
from assets.waiting_items import WaitingItems
from tests.assets.versions import USERS, version

Report = list[tuple[int, int, str]]


def waiting(*texts: str) -> WaitingItems:
    ids = [f"i{at}" for at in range(len(texts))]
    hashes = [f"h{at}" for at in range(len(texts))]
    return WaitingItems(ids, list(texts), hashes, np.zeros(len(texts), dtype=np.int64))


def test_items_without_a_text_are_not_asked_for() -> None:
    told: Report = []
    table = {"B": [0.1, 0.2, 0.3, 0.4]}
    value = distributions_of(
        version(7, table=table), waiting(" ", "B", ""), k=2, report=lambda *one: told.append(one)
    )
    assert (value.version, value.item_ids, value.text_hashes) == (7, ["i1"], ["h1"])
    assert value.user_ids == USERS
    assert value.top.users.tolist() == [[3, 2]]
    assert np.exp(value.top.log_probabilities).ravel() == pytest.approx([0.4, 0.3])
    assert told == [(1, 1, "items")]


def test_more_users_than_there_are_means_all() -> None:
    value = distributions_of(version(), waiting("A"), k=100, report=lambda *_: None)
    assert value.top.users.shape == (1, 4)
    assert np.exp(value.top.log_probabilities).sum() == pytest.approx(1)


def test_nothing_waiting_gives_nothing() -> None:
    value = distributions_of(version(), waiting(), k=3, report=lambda *_: None)
    assert len(value) == 0
    assert value.top.users.shape == (0, 3)


def test_blocks_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_distributions, "BLOCK", 2)
    told: Report = []
    table = {str(at): np.roll([0.7, 0.1, 0.1, 0.1], at).tolist() for at in range(5)}
    value = distributions_of(
        version(table=table), waiting(*"01234"), k=1, report=lambda *one: told.append(one)
    )
    assert value.top.users.ravel().tolist() == [0, 1, 2, 3, 0]
    assert told == [(2, 5, "items"), (4, 5, "items"), (5, 5, "items")]


@pytest.mark.parametrize("texts", [("A", "B", "C"), ()])
def test_it_rests_as_it_was(tmp_path: Path, texts: tuple[str, ...]) -> None:
    value = distributions_of(version(3), waiting(*texts), k=2, report=lambda *_: None)
    value.save(tmp_path)
    loaded = ItemDistributions.load(tmp_path)
    assert (loaded.version, loaded.item_ids, loaded.text_hashes, loaded.user_ids) == (
        3,
        value.item_ids,
        value.text_hashes,
        USERS,
    )
    assert len(loaded.top) == len(value.top)
    if texts:
        assert np.array_equal(loaded.top.users, value.top.users)
        assert np.array_equal(loaded.top.log_probabilities, value.top.log_probabilities)
