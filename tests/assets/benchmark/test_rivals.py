"""Every method of the table trains on the same small world and is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.benchmark import rivals
from assets.benchmark.collaborative import collaborative_config
from assets.benchmark.entry import Entry
from assets.benchmark.inputs import Inputs
from data.snapshot import Snapshot
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.ials_config import IalsConfig
from tests.assets.benchmark.worlds import ITEMS, LANGUAGE_MODEL, USERS, keep_features


@pytest.fixture
def inputs(snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """The world with text vectors and collaborative vectors of eight numbers."""
    keep_features(tmp_path, snapshot.content_hash)
    given = Inputs(snapshot, tmp_path / "cache", language_model=LANGUAGE_MODEL)
    rng = np.random.default_rng(0)

    def vectors(kind: str, seed: int) -> CollaborativeEmbeddings:
        del kind, seed
        warm = snapshot.split.warm_items
        users, items = (rng.normal(size=(n, 8), scale=0.2) for n in (snapshot.n_users, len(warm)))
        return CollaborativeEmbeddings(users.astype(np.float32), items.astype(np.float32), warm)

    monkeypatch.setattr(given, "vectors", vectors)
    return given


def shortened(configuration: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same settings, with a single epoch of every kind."""

    def short(method: Any) -> Any:
        config = configuration(method)
        names = {field.name for field in fields(config)} & {"epochs", "adversarial_epochs", "passes"}
        least = {"random_items": 5} if hasattr(config, "random_items") else {}
        return replace(config, **dict.fromkeys(names, 1), **least)

    return short


@pytest.mark.slow
@pytest.mark.parametrize("one", rivals.ENTRIES, ids=lambda one: one.name)
def test_every_rival_is_trained_and_scores_every_pair(
    inputs: Inputs, one: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "configuration", shortened(rivals.configuration))
    found = list(one.build(inputs, 42))
    assert [scored.model for scored in found] == list(one.models)
    scores = found[0].scorer.scores(np.arange(USERS), np.arange(ITEMS))
    assert scores.shape == (USERS, ITEMS)
    assert np.isfinite(scores).all()


def test_an_entry_for_each_kind_of_vectors() -> None:
    assert [one.name for one in rivals.rival("heater", on=("mf", "lightgcn"))] == [
        "heater",
        "heater_lightgcn",
    ]
    assert [one.name for one in rivals.rival("vbpr")] == ["vbpr"]


def test_a_tuned_configuration_is_preferred() -> None:
    class Plain:
        """A configuration without ``tuned``."""

    class Tunable(Plain):
        """A configuration with it."""

        @classmethod
        def tuned(cls) -> str:
            return "tuned"

    def method(default: Any) -> Any:
        class Method:
            """Stands for a module."""

            @staticmethod
            def fit(data: Any, *, config: Any = default) -> None:
                """Never called."""

        return Method

    plain = Plain()
    assert rivals.configuration(method(plain)) is plain
    assert rivals.configuration(method(Tunable())) == "tuned"


def test_without_vectors_a_method_that_reads_them_gets_nan(inputs: Inputs) -> None:
    given = rivals.rival_input(inputs, None, 42)
    assert np.isnan(given.user_vectors).all()
    assert np.isnan(given.warm_vectors).all()
    assert rivals.rival_input(inputs, "mf", 42).user_vectors.shape == (USERS, 8)


def test_rivals_stop_by_cold_validation(inputs: Inputs, snapshot: Snapshot) -> None:
    validate = rivals.cold_validation(snapshot)
    assert validate is not None

    class Truth:
        """Scores the held-out pairs highest."""

        def scores(self, user_index: Any, item_index: Any) -> Any:
            table = np.zeros((USERS, ITEMS), dtype=np.float32)
            table[tuple(snapshot.split.validation.cold.T)] = 1
            return table[np.ix_(user_index, item_index)]

    assert validate(Truth()) == pytest.approx(1.0)


def test_shared_vectors_are_trained_once_and_counted_each_time(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "assets.benchmark.collaborative.collaborative_config",
        lambda kind, seed: IalsConfig(d=4, sweeps=2, seed=seed),
    )
    first = Inputs(snapshot, tmp_path)
    clock = first.start_clock()
    made = first.vectors("ials", 42)
    took = clock()
    second = Inputs(snapshot, tmp_path)
    clock = second.start_clock()
    again = second.vectors("ials", 42)
    counted = clock()
    assert np.array_equal(made.users, again.users)
    seconds = float(np.load(next(tmp_path.glob("ials-*.npz")))["seconds"])
    assert min(took, counted) >= seconds
    assert not np.array_equal(made.users, second.vectors("ials", 43).users)


@pytest.mark.parametrize("kind", ["mf", "ngcf", "lightgcn", "ials"])
def test_every_kind_of_vectors_has_settings_with_the_seed(kind: str) -> None:
    config = collaborative_config(kind, 7)
    assert config.seed == 7
    assert getattr(config, "model", "ials") == kind
