"""The judge is shown factors, the best epoch stays, and without a judge patience means nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.baselines import aldi, rival_training
from models.baselines.aldi import AldiConfig
from tests.models.baselines.rival_worlds import rival_input, with_validation

CONFIG = AldiConfig(hidden=8, epochs=5, patience=2)


def test_the_best_epoch_is_handed_out():
    data, shown = with_validation(rival_input(), [0.1, 0.5, 0.2, 0.4])
    factors = aldi.fit(data, config=CONFIG)
    assert len(shown) == 4  # two epochs after the best one
    np.testing.assert_array_equal(factors.items, shown[1].items)
    np.testing.assert_array_equal(factors.users, shown[1].users)


def test_without_a_judge_all_epochs_run():
    reports = []
    aldi.fit(rival_input(), config=CONFIG, on_epoch=reports.append)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5]
    assert reports[-1].loss < reports[0].loss


def test_validations_are_as_rare_as_asked():
    data, shown = with_validation(rival_input(), [0.1, 0.2, 0.3])
    aldi.fit(data, config=AldiConfig(hidden=8, epochs=5, patience=2, validate_every=2))
    assert len(shown) == 3  # after the second, the fourth and the last epoch


def test_factors_are_arrays_of_their_own():
    data = rival_input()
    factors = aldi.fit(data, config=AldiConfig(hidden=8, epochs=1))
    factors.users[:] = 0
    assert data.user_vectors.any()


def test_common_settings_reach_the_loop(monkeypatch: pytest.MonkeyPatch):
    asked: dict[str, Any] = {}
    monkeypatch.setattr(rival_training, "train_epochs", lambda *parts, **loop: asked.update(loop))
    data, _ = with_validation(rival_input(), [])
    config = AldiConfig(hidden=8, epochs=7, patience=3, validate_every=2, max_gradient_norm=0.5)
    aldi.fit(data, config=config)
    names = ("epochs", "patience", "validate_every", "max_gradient_norm")
    assert [asked[name] for name in names] == [7, 3, 2, 0.5]
