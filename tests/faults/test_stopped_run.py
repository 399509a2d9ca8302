"""A run that a blocking check stops: it says so, and MLflow hears of its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations import interaction_snapshot
from expectations.finding import Finding
from tests.faults.homes import RETRAIN, WORLD, coldcast, mlflow_states, refused, run_states

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_a_retrain_stopped_by_a_check_has_failed_in_mlflow_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    leak = Finding("held-out pairs are absent from training", passed=False, observed=1, threshold=0)
    monkeypatch.setattr(interaction_snapshot, "holdout_findings", lambda tables: [leak])
    message = refused(coldcast(home, *RETRAIN))
    assert "the check held_out_is_absent_from_training on interaction_snapshot stopped the run" in message
    assert run_states(home) == ["FAILURE"]
    assert mlflow_states(home, stations=False) == ["FAILED"]
    assert mlflow_states(home, stations=True) == ["FINISHED"]
