"""The ensemble in the table, judged on both sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.benchmark import ensemble
from assets.benchmark.inputs import Inputs
from data.snapshot import Snapshot
from tests.assets.benchmark.worlds import ITEMS, LANGUAGE_MODEL, USERS, Guesses, keep_features


def test_the_ensemble_is_judged_on_both_sides(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_features(tmp_path, snapshot.content_hash)
    inputs = Inputs(snapshot, tmp_path / "cache", language_model=LANGUAGE_MODEL)
    monkeypatch.setattr(ensemble, "_direct", lambda inputs, seed: Guesses(seed))
    (one,) = ensemble.ENTRIES
    (found,) = one.build(inputs, 42)
    assert found.model == "ensemble"
    for scorer in (found.scorer, found.audience):
        scores = scorer.scores(np.arange(USERS), np.arange(ITEMS))
        assert scores.shape == (USERS, ITEMS)
        assert np.isfinite(scores).all()
