"""What extending costs and loses against starting over, on a synthetic world that has grown."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from assets.extension import ExtensionConfig
from data.readers.synthetic import SyntheticWorld
from models.collaborative.carrying_over import carried_over
from models.collaborative.config import BprConfig
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from models.collaborative.ials import fit_ials
from models.collaborative.ials_config import IalsConfig
from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.fit import fit_filterllm

pytestmark = [pytest.mark.slow, pytest.mark.benchmark]

N_USERS, LATE_USERS, N_ITEMS, N_COLD = 600, 60, 1500, 250
IALS, FILTERLLM = IalsConfig(d=128), FilterLLMConfig()
BPR = BprConfig(epochs=60)  # early stopping usually ends it there


def cold_ndcg(model: FilterLLM, world: SyntheticWorld, cold: np.ndarray) -> float:
    """NDCG@20 over the cold items for every user who has some."""
    scores = model.user_factors() @ model.relevance_factors([world.titles[item] for item in cold]).T
    gains = 1 / np.log2(np.arange(2, 22))
    values = []
    for user in range(N_USERS):
        truth = np.isin(cold, world.pairs[world.pairs[:, 0] == user, 1])
        if truth.any():
            hits = truth[np.argsort(-scores[user], kind="stable")[:20]]
            values.append(float(hits @ gains) / float(gains[: min(20, int(truth.sum()))].sum()))
    return float(np.mean(values))


def test_extending_costs_a_quarter_and_loses_two_percent_at_most() -> None:
    """The stations that train, in seconds of the processor; the earlier version lacks users, items' readers, time."""
    world = SyntheticWorld.create(N_USERS, N_ITEMS, n_interactions=30_000, seed=5)
    cold = np.sort(np.random.default_rng(0).choice(N_ITEMS, N_COLD, replace=False))
    warm = ~np.isin(world.pairs[:, 1], cold)
    early = world.times < np.quantile(world.times, 0.85)
    before = world.pairs[warm & early & (world.pairs[:, 0] < N_USERS - LATE_USERS)]
    now = world.pairs[warm]
    known, place = np.unique(before[:, 0], return_inverse=True)
    before = np.column_stack([place, before[:, 1]])

    def titles(vectors: CollaborativeEmbeddings) -> list[str]:
        return [world.titles[item] for item in vectors.warm_item_index]

    old = fit_ials(before, n_users=len(known), n_items=N_ITEMS, config=IALS)
    earlier = fit_filterllm(titles(old), before, old, config=FILTERLLM)

    started = time.process_time()
    fit_bpr(now, n_users=N_USERS, n_items=N_ITEMS, config=BPR)
    vectors = fit_ials(now, n_users=N_USERS, n_items=N_ITEMS, config=IALS)
    full = fit_filterllm(titles(vectors), now, vectors, config=FILTERLLM)
    full_seconds = time.process_time() - started

    user_rows, item_rows = np.full(N_USERS, -1), np.full(N_ITEMS, -1)
    user_rows[known], item_rows[old.warm_item_index] = np.arange(len(known)), np.arange(len(old.warm_items))
    extension = ExtensionConfig()
    started = time.process_time()
    start = carried_over(old, now, user_rows=user_rows, item_rows=item_rows, config=IALS)
    vectors = fit_ials(
        now,
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=replace(IALS, sweeps=ExtensionConfig().sweeps),
        start=start,
    )
    extended = fit_filterllm(
        titles(vectors),
        now,
        vectors,
        config=extension.shortened(FILTERLLM),
        start=extension.warm_start(earlier, user_rows, titles(old)),
    )
    seconds = time.process_time() - started

    values = cold_ndcg(full, world, cold), cold_ndcg(extended, world, cold)
    print(f"full {full_seconds:.1f} s, cold NDCG@20 {values[0]:.4f}; extend {seconds:.1f} s, {values[1]:.4f}")
    assert seconds <= 0.25 * full_seconds
    assert values[1] >= 0.98 * values[0]
