"""Champion and challenger before the judges."""

from __future__ import annotations

import numpy as np
import pytest

from assets.gate import NDCG, contender, known_indices, unseen_data
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


def test_ids_that_only_one_side_knows_are_left_out() -> None:
    assert known_indices(IdMap(["c", "x", "a"]), IdMap(["a", "b", "c"])).tolist() == [2, 0]
    assert known_indices(IdMap(["x"]), IdMap(["a"])).tolist() == []


def test_users_whom_a_version_does_not_know_are_marked_and_not_covered() -> None:
    data = unseen_data(snapshot(), [version(2)])
    champion = contender(version(1, users=["cyd", "ann"]), snapshot(), data, PLACEMENT)
    judged = np.unique(data.cold_validation[:, 0])
    assert champion.known.tolist() == [USERS[user] in ("cyd", "ann") for user in judged]
    assert champion.users_covered == 2
    assert champion.name == "version 1"


def test_a_version_that_names_the_right_users_scores_one() -> None:
    right = {"title of v0": [0.49, 0.49, 0.01, 0.01], "title of v1": [0.01, 0.01, 0.97, 0.01]}
    data = unseen_data(snapshot(), [version(2)])
    found = contender(version(2, table=right), snapshot(), data, PLACEMENT)
    assert found.audience.tolist() == [1.0, 1.0]
    assert found.ndcg.shape == found.known.shape
    # cyd's only unseen item is v1, and v1 was placed beside cyd
    judged = np.unique(data.cold_validation[:, 0]).tolist()
    assert found.ndcg[judged.index(2)] == 1.0


def test_users_in_another_order_change_nothing() -> None:
    right = {"title of v0": [0.5, 0.3, 0.1, 0.1]}
    turned = {"title of v0": [0.1, 0.1, 0.3, 0.5]}
    data = unseen_data(snapshot(), [version(2)])
    one = contender(version(1, table=right), snapshot(), data, PLACEMENT)
    other = contender(version(1, users=USERS[::-1], table=turned), snapshot(), data, PLACEMENT)
    assert one.audience.tolist() == other.audience.tolist()
    assert one.known.tolist() == other.known.tolist()


def test_what_is_compared_is_ndcg_at_the_papers_cutoff() -> None:
    assert NDCG == ("ndcg", 20)
