"""ColdLLM's entries on a small world and a language model of two layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.benchmark import coldllm
from assets.benchmark.inputs import Inputs
from assets.judging import evaluation_input
from data.snapshot import Snapshot
from evaluation.benchmark_claims import COLDLLM
from models.baselines.aldi import AldiConfig
from models.baselines.coldllm.coupled_filter import FilterConfig
from models.baselines.coldllm.refiner import RefinerConfig
from models.baselines.coldllm.text_towers import TextTowersConfig
from models.collaborative.config import BprConfig
from models.collaborative.ials_config import IalsConfig
from tests.assets.benchmark.worlds import ITEMS, USERS
from tests.fakes import tiny_encoder

SHORT_FILTER = FilterConfig(TextTowersConfig(hidden=8, epochs=2), AldiConfig(hidden=8, epochs=2), (0.0, 1.0))
SHORT_REFINER = RefinerConfig(history=2, title_tokens=6, pairs=64, epochs=1, batch_size=16, hard_among=5)


@pytest.fixture
def inputs(snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """The world, small settings, and a language model of two layers."""

    def small(kind: str, seed: int) -> BprConfig | IalsConfig:
        return IalsConfig(d=8, sweeps=2, seed=seed) if kind == "ials" else BprConfig(d=8, epochs=5, seed=seed)

    monkeypatch.setattr("assets.benchmark.collaborative.collaborative_config", small)
    monkeypatch.setattr("models.baselines.coldllm.coupled_filter.FilterConfig", lambda: SHORT_FILTER)
    monkeypatch.setattr("models.baselines.coldllm.refiner.RefinerConfig", lambda: SHORT_REFINER)
    monkeypatch.setattr(coldllm, "ASKED", 24)
    return Inputs(snapshot, tmp_path / "cache", language_model=tiny_encoder(tmp_path / "encoder"))


@pytest.mark.slow
def test_every_entry_trains_and_scores_every_pair(inputs: Inputs) -> None:
    everyone, everything = np.arange(USERS), np.arange(ITEMS)
    for one in coldllm.ENTRIES:
        found = list(one.build(inputs, 42))
        assert [scored.model for scored in found] == list(one.models)
        for scored in found:
            for scorer in (scored.scorer, scored.audience):
                scores = scorer.scores(everyone, everything)
                assert scores.shape == (USERS, ITEMS)
                assert np.isfinite(scores).all()
    refined, filtered = found[-1].stages["language model"], found[-1].stages["filter"]
    assert {frozenset(row) for row in refined.tolist()} == {
        frozenset(row) for row in filtered[:, :24].tolist()
    }
    cold = evaluation_input(inputs.snapshot).cold_items
    chosen = found[-1].stages[next(name for name in found[-1].stages if name.startswith("with "))]
    audience = found[-1].audience.scores(everyone, cold).T.argsort(axis=1)[:, ::-1]
    np.testing.assert_array_equal(audience[:, :24], chosen)


def test_the_filters_weight_is_chosen_on_validation_items(inputs: Inputs, snapshot: Snapshot) -> None:
    data = evaluation_input(snapshot)
    truth = np.zeros((data.n_items, USERS))
    truth[tuple(data.cold_validation.T[::-1])] = 1
    best = np.argsort(-truth[data.cold_items], axis=1, kind="stable")
    test_items = np.isin(data.cold_items, data.cold_test_items)
    spoilt = best.copy()
    spoilt[test_items] = best[test_items, ::-1]  # what happens to test items does not count
    assert coldllm._best_weight(inputs, {0.0: best[:, ::-1], 1.0: spoilt}) == 1.0
    assert coldllm._best_weight(inputs, {0.0: best, 1.0: spoilt}) == 0.0


def test_without_cold_validation_the_language_model_decides_alone(
    inputs: Inputs, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = replace(evaluation_input(snapshot), cold_validation=np.empty((0, 2), dtype=np.int64))
    monkeypatch.setattr("assets.judging.evaluation_input", lambda snapshot: nobody)
    users = np.tile(np.arange(USERS), (len(nobody.cold_items), 1))
    assert coldllm._best_weight(inputs, {0.0: users, 2.0: users[:, ::-1]}) == 0.0


def test_settings_tell_what_a_unit_was_run_with() -> None:
    filtered, *wholes = (one.settings(42) for one in coldllm.ENTRIES)
    for one, whole in zip(coldllm.ENTRIES[1:], wholes, strict=True):
        assert filtered["filter"] == whole["filters"]["mf"]["filter"]
        assert whole["asked"] == coldllm.ASKED
        assert list(whole["filters"])[-1] == (one.name.removeprefix("coldllm").lstrip("_") or "mf")
    assert [len(whole["filters"]) for whole in wholes] == [1, 2, 3]


def test_the_claims_find_coldllm_on_every_kind_of_vectors() -> None:
    assert {*COLDLLM.values()} <= {model for one in coldllm.ENTRIES for model in one.models}
