"""Champion and challenger before the judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.gate import NDCG, contender, judge_versions, known_indices, slices_of, unseen_data
from assets.judging import evaluation_input
from data.id_map import IdMap
from models.coldstart.config import ColdUpdateConfig
from tests.assets.versions import USERS, snapshot, version

PLACEMENT = ColdUpdateConfig(users_per_item=1, steps=5)


def test_all_held_out_items_are_judged_where_nobody_trained_on_them() -> None:
    data = unseen_data(snapshot(), [version(2), version(1)])
    assert data.cold_validation_items.tolist() == [3, 4]
    assert data.cold_test_items.tolist() == [5, 6]
    assert len(data.cold_validation) == 3


@pytest.mark.parametrize("planted", ["v0", "t1"])
def test_an_item_that_the_champion_trained_on_is_left_out(planted: str) -> None:
    champion = version(1, warm_items=["w0", "w1", "w2", planted, "gone"])
    data = unseen_data(snapshot(), [version(2), champion])
    item = snapshot().items.index_of([planted])[0]
    for pairs in (data.cold_validation, data.cold_test):
        assert item not in pairs[:, 1]
    assert item not in data.cold_items
    assert len(data.cold_items) == 3
    assert np.array_equal(data.train, evaluation_input(snapshot()).train)


def test_items_that_early_stopping_looked_at_are_never_the_truth() -> None:
    """Nor those that the champion stopped by, where they are test items by now."""
    champion = replace(version(1), stopped_on=IdMap(["t0", "v1", "gone"]))
    data = unseen_data(snapshot(), [version(2), champion])
    assert data.cold_test_items.tolist() == [6]
    assert data.cold_test[:, 1].tolist() == [6, 6]
    assert data.cold_items.tolist() == [3, 4, 5, 6]  # still ranked against the others
    decision = judge_versions(
        snapshot(content_hash="new"), version(2, content_hash="new"), champion, placement=PLACEMENT
    )
    assert decision.numbers["n_users"] == 2  # bob and dan, who have t1
    everything = replace(version(1), stopped_on=IdMap(["t0", "t1"]))
    refused = judge_versions(snapshot(), version(2), everything, placement=PLACEMENT)
    assert refused.outcome == "refused"
    assert "no held-out test item is unseen by both" in refused.reason


def test_ids_that_only_one_side_knows_are_left_out() -> None:
    assert known_indices(IdMap(["c", "x", "a"]), IdMap(["a", "b", "c"])).tolist() == [2, 0]
    assert known_indices(IdMap(["x"]), IdMap(["a"])).tolist() == []


def test_users_whom_a_version_does_not_know_are_marked_and_not_covered() -> None:
    data = unseen_data(snapshot(), [version(2)])
    champion = contender(version(1, users=["cyd", "ann"]), snapshot(), data, PLACEMENT)
    judged = np.unique(data.cold_test[:, 0])
    assert champion.known.tolist() == [USERS[user] in ("cyd", "ann") for user in judged]
    assert champion.users_covered == 2
    assert champion.name == "version 1"


def test_a_version_that_names_the_right_users_scores_one() -> None:
    right = {"title of t0": [0.97, 0.01, 0.01, 0.01], "title of t1": [0.01, 0.48, 0.01, 0.5]}
    data = unseen_data(snapshot(), [version(2)])
    found = contender(version(2, table=right), snapshot(), data, PLACEMENT)
    assert found.audience.tolist() == [1.0, 1.0]
    assert found.ndcg.shape == found.known.shape
    # dan's only unseen item is t1, and t1 was placed beside dan
    judged = np.unique(data.cold_test[:, 0]).tolist()
    assert found.ndcg[judged.index(3)] == 1.0


def test_users_in_another_order_change_nothing() -> None:
    right = {"title of t0": [0.5, 0.3, 0.1, 0.1]}
    turned = {"title of t0": [0.1, 0.1, 0.3, 0.5]}
    data = unseen_data(snapshot(), [version(2)])
    one = contender(version(1, table=right), snapshot(), data, PLACEMENT)
    other = contender(version(1, users=USERS[::-1], table=turned), snapshot(), data, PLACEMENT)
    assert one.audience.tolist() == other.audience.tolist()
    assert one.known.tolist() == other.known.tolist()


def test_what_is_compared_is_ndcg_at_the_papers_cutoff() -> None:
    assert NDCG == ("ndcg", 20)


def test_the_parts_that_are_looked_at_are_about_the_judged() -> None:
    data = unseen_data(snapshot(), [version(2)])
    parts = {one.name: one for one in slices_of(snapshot(), data)}
    assert parts["new users"].members.tolist() == [False, False, False]  # ann, bob, dan of four
    assert parts["heavy users"].members.tolist() == [True, False, False]  # ann has two training pairs
    assert parts["older items"].members.tolist() == [True, False]
