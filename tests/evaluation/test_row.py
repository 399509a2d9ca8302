"""Rows carry the means, the intervals and the warning of few users."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.audience import evaluate_audience
from evaluation.distribution import evaluate_distribution
from evaluation.row import audience_rows, distribution_rows, few_warning, user_rows
from evaluation.uncertainty import bootstrap_interval
from evaluation.user_side import evaluate_users
from models.baselines import popularity
from tests.evaluation.worlds import topic_world

DATA = topic_world().data
SCORER = popularity.fit(DATA.train, n_users=DATA.n_users, n_items=DATA.n_items)


def test_user_rows_are_means_with_their_bootstrap():
    side = evaluate_users(SCORER, DATA, setting="warm")["A"]
    rows = user_rows("popularity", side)
    assert len(rows) == 5 * 3
    found = next(row for row in rows if (row.metric, row.k) == ("ndcg", 20))
    interval = bootstrap_interval(side.values["ndcg", 20])
    assert (found.value, found.low, found.high, found.n) == pytest.approx(
        (interval.mean, interval.low, interval.high, interval.n)
    )
    assert (found.setting, found.phase, found.evaluator, found.side) == ("warm", "test", "A", "user")


def test_audience_rows():
    side = evaluate_audience(SCORER, DATA)["both"]
    rows = {(row.metric, row.k): row for row in audience_rows("popularity", side)}
    assert {metric for metric, _ in rows} == {
        "precision", "recall", "ndcg", "true_pairs", "gini", "share_chosen"
    }  # fmt: skip
    assert rows["true_pairs", 20].value == pytest.approx(side.true_pairs[20].mean())
    assert rows["gini", 100].low is None
    assert rows["recall", 20].evaluator is None


def test_distribution_rows():
    side = evaluate_distribution(SCORER, DATA)
    rows = {row.metric: row for row in distribution_rows("popularity", side)}
    assert rows["log_likelihood"].value == pytest.approx(np.mean(side.log_likelihood))
    assert rows["nats_over_degree_prior"].value == pytest.approx(0, abs=1e-5)
    assert rows["ece"].k is None


@pytest.mark.parametrize(("n", "warned"), [(199, True), (200, False)])
def test_few_users_are_named(n, warned):
    assert few_warning(n, "users") == ("only 199 users (fewer than 200): read with care" if warned else "")


def test_settings_with_few_users_carry_the_warning():
    few = topic_world(n_users=120).data
    scorer = popularity.fit(few.train, n_users=few.n_users, n_items=few.n_items)
    rows = user_rows("popularity", evaluate_users(scorer, few, setting="warm")["B"])
    assert all(row.warning == f"only {row.n} users (fewer than 200): read with care" for row in rows)
