"""From scorers to a report, on a small world whose order of models is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.compile_report import Origin, compile_report
from evaluation.distribution import evaluate_distribution
from evaluation.judgement import judge_scores
from models.baselines import chance, popularity, ridge
from tests.evaluation.worlds import topic_world

WORLD = topic_world()
DATA = WORLD.data
ORIGIN = Origin("ridge", "000001-aa", "sha256:aa", "2024-01-01T00:00:00Z", notes=("made up",))
NO_PAIRS = np.empty((0, 2), dtype=np.int64)


@pytest.fixture(scope="module")
def judgements():
    taken = popularity.fit(DATA.train, n_users=DATA.n_users, n_items=DATA.n_items)
    return {
        "ridge": judge_scores(
            ridge.fit(
                DATA.train, embeddings=WORLD.embeddings, warm_items=DATA.warm_items, n_users=DATA.n_users
            ),
            DATA,
        ),
        "popularity": replace(judge_scores(taken, DATA), distribution=evaluate_distribution(taken, DATA)),
        "chance": judge_scores(chance.fit(seed=0), DATA),
    }


def test_every_setting_and_both_evaluators_are_judged(judgements):
    assert {(s, e) for s, _, e in judgements["ridge"].users} == {
        (s, e) for s in ("cold", "warm", "overall") for e in "AB"
    }
    assert set(judgements["ridge"].audience) == {"both", "validation", "test"}
    assert judgements["ridge"].distribution is None
    assert judgements["popularity"].distribution is not None


def test_report_holds_the_known_order(judgements):
    report = compile_report(judgements, ORIGIN)
    assert report.models == ["ridge", "popularity", "chance"]
    at = {
        model: report.find(model=model, setting="cold", evaluator="B", metric="ndcg", k=20)
        for model in report.models
    }
    assert at["ridge"].low > at["popularity"].high
    assert at["ridge"].low > at["chance"].high
    assert {one.reference for one in report.comparisons} == {"popularity", "chance"}
    cold = next(c for c in report.comparisons if (c.reference, c.metric) == ("chance", "ndcg@20"))
    assert cold.low > 0
    assert cold.difference == pytest.approx(at["ridge"].value - at["chance"].value)
    assert list(report.reliability) == ["popularity"]
    assert report.notes == ["made up"]


def test_compiling_twice_gives_the_same_report(judgements):
    assert compile_report(judgements, ORIGIN) == compile_report(judgements, ORIGIN)


def test_the_judged_model_must_be_there(judgements):
    with pytest.raises(KeyError, match="no judgement of 'FilterLLM'"):
        compile_report(judgements, replace(ORIGIN, model="FilterLLM"))


def test_settings_without_truth_are_left_out():
    data = replace(DATA, warm_test=NO_PAIRS)
    judgement = judge_scores(chance.fit(seed=0), data)
    assert {setting for setting, _, _ in judgement.users} == {"cold"}
    no_cold = replace(DATA, cold_test=NO_PAIRS, cold_validation=NO_PAIRS)
    assert judge_scores(chance.fit(seed=0), no_cold).audience == {}


def test_validation_can_be_judged_too():
    phases = {
        phase for _, phase, _ in judge_scores(chance.fit(seed=0), DATA, phases=("validation", "test")).users
    }
    assert phases == {"validation", "test"}
