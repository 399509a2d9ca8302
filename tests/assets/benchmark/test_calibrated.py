"""Rivals put into one list as the product's items are."""

from __future__ import annotations

import numpy as np

from assets.benchmark import calibrated
from assets.benchmark.registry import ENTRIES
from assets.judging import evaluation_input
from data.snapshot import Snapshot
from evaluation.protocol import rank_for_users, ranking_task
from evaluation.ranking import ndcg
from evaluation.scorer import FactorScorer
from tests.assets.benchmark.worlds import ITEMS, USERS


def vectors(snapshot: Snapshot, *, cold_scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Users as they took items, held-out pairs included; cold items on a scale of their own."""
    rng = np.random.default_rng(0)
    table = np.zeros((USERS, ITEMS), dtype=np.float32)
    table[tuple(snapshot.interactions.pairs.T)] = 1
    left, sizes, right = np.linalg.svd(table + 0.1 * rng.standard_normal(table.shape), full_matrices=False)
    users, items = left[:, :8] * sizes[:8], right[:8].T.copy()
    items[evaluation_input(snapshot).cold_items] *= cold_scale
    return users.astype(np.float32), items.astype(np.float32)


def overall(scorer: FactorScorer, snapshot: Snapshot) -> float:
    ranked = rank_for_users(
        scorer, ranking_task(evaluation_input(snapshot), "overall", phase="validation"), k=20
    )
    return float(ndcg(ranked.hits, ranked.n_true, k=20).mean())


def test_cold_items_on_a_small_scale_are_shown_again(snapshot: Snapshot) -> None:
    users, items = vectors(snapshot, cold_scale=0.01)
    raw, found = FactorScorer(users, items), calibrated.calibrated_scorer(snapshot, users, items)
    assert overall(found, snapshot) > overall(raw, snapshot) + 0.05


def test_the_order_within_a_kind_stays(snapshot: Snapshot) -> None:
    users, items = vectors(snapshot, cold_scale=0.5)
    found, everyone = calibrated.calibrated_scorer(snapshot, users, items), np.arange(USERS)
    for those in (snapshot.split.warm_items, evaluation_input(snapshot).cold_items):
        before = FactorScorer(users, items).scores(everyone, those).argsort(axis=1)
        np.testing.assert_array_equal(found.scores(everyone, those).argsort(axis=1), before)


def test_nothing_given_is_changed(snapshot: Snapshot) -> None:
    users, items = vectors(snapshot, cold_scale=0.5)
    copies = users.copy(), items.copy()
    calibrated.calibrated_scorer(snapshot, users, items)
    np.testing.assert_array_equal(users, copies[0])
    np.testing.assert_array_equal(items, copies[1])


def test_each_stands_beside_the_method_it_is_of() -> None:
    names = {one.name for one in ENTRIES}
    for one in calibrated.ENTRIES:
        assert one.name.removesuffix(calibrated.SUFFIX) in names
        assert one.settings(42) != one.settings(43)
