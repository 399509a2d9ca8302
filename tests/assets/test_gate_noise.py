"""A challenger that learned from wrong labels does not pass: a real model, trained on a world that drifts nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.gate import NDCG, slices_of
from assets.judging import CUTOFF, evaluation_input
from data.readers.synthetic import SyntheticWorld
from data.snapshot import Snapshot
from data.snapshot_plan import preview_snapshot
from data.split_choice import SplitChoice
from data.store.store import Store
from evaluation.audience import evaluate_audience
from evaluation.evaluation_input import EvaluationInput
from evaluation.gate import Contender, Decision, decide
from evaluation.user_side import evaluate_users
from models.baselines import tfidf_profile

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    synthetic = SyntheticWorld.create(3000, 3000, n_topics=8, n_interactions=150_000, seed=1)
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('noise') / 'coldcast.db'}") as store:
        store.import_dataset(synthetic.dataset())
        return preview_snapshot(store, SplitChoice())[0]


def trained(snapshot: Snapshot, data: EvaluationInput, name: str, *, noise: float) -> Contender:
    """TF-IDF profiles of which a share of the labels names a user drawn at random."""
    rng = np.random.default_rng(7)
    train = snapshot.split.train.copy()
    wrong = rng.random(len(train)) < noise
    train[wrong, 0] = rng.integers(0, snapshot.n_users, int(wrong.sum()))
    model: Any = tfidf_profile.fit(
        np.unique(train, axis=0),
        texts=snapshot.texts[np.arange(snapshot.n_items)],
        warm_items=snapshot.split.warm_items,
        n_users=snapshot.n_users,
    )
    lists = evaluate_users(model, data, setting="cold", phase="test", cutoffs=(CUTOFF,))["B"]
    audience = evaluate_audience(model, data, cutoffs=(CUTOFF,))["test"]
    everybody = np.ones(len(lists.users), dtype=bool)
    return Contender(name, name, lists.values[NDCG], everybody, snapshot.n_users, audience.values[NDCG])


def decided(snapshot: Snapshot, *, noise: float) -> Decision:
    data = evaluation_input(snapshot)
    champion = trained(snapshot, data, "version 1", noise=0)
    challenger = trained(snapshot, data, "version 2", noise=noise)
    reference = np.zeros(len(champion.ndcg))
    return decide(challenger, champion, reference=reference, slices=slices_of(snapshot, data))


@pytest.mark.parametrize("noise", [0.2, 0.4])
def test_a_challenger_with_noisy_labels_is_refused(world: Snapshot, noise: float) -> None:
    decision = decided(world, noise=noise)
    assert (decision.promote, decision.held) == (False, False)
    assert "may be worse" in decision.reason
    assert decision.numbers["challenger_ndcg"] < decision.numbers["champion_ndcg"]


def test_it_is_the_noise_that_was_refused(world: Snapshot) -> None:
    """The clean one against one that had learned from noise is promoted."""
    data = evaluation_input(world)
    champion = trained(world, data, "version 1", noise=0.2)
    challenger = trained(world, data, "version 2", noise=0)
    assert decide(challenger, champion, reference=np.zeros(len(champion.ndcg))).promote
