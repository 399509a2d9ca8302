"""An MLflow server that goes away in the middle of a retrain, and comes back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestration.artifact_folder import check_artifact
from orchestration.jobs import TRAINING
from tests.assets.test_remote_registry import mlflow_server
from tests.faults.homes import RETRAIN, artefacts, coldcast, contents_of, started, until_logged
from tests.faults.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WORLD = ("import", "synthetic", "--users", "60", "--items", "300", "--interactions", "4000")
QUICK = (*RETRAIN, "--set", "bpr.epochs=3", "--set", "filterllm.epochs=2")


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A real MLflow server behind an address that can be cut off."""
    (tmp_path / "server").mkdir()
    with mlflow_server(tmp_path / "server") as address:
        between = Proxy(int(urlsplit(address).port or 0))
        between.join()
        try:
            yield between
        finally:
            between.cut()


def test_the_run_fails_by_name_and_the_next_one_continues_at_registration(
    tmp_path: Path, proxy: Proxy
) -> None:
    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    environment = {"COLDCAST_MLFLOW_URL": proxy.url, "COLDCAST_MLFLOW_RETRY_SECONDS": "2"}
    with started(home, *QUICK, **environment) as command:
        until_logged(home, command, station="evaluation_report", words="report: 0/")
        proxy.cut()
        assert command.wait() == 1, command.output
        last = command.output.strip().splitlines()[-1]
        assert last.startswith("Error: ")
        assert f"MLflow at {proxy.url} did not answer for" in last
        assert "what was computed is kept" in last
        assert "Traceback" not in command.output
    done = [folder.parent.name for folder in artefacts(home)]
    assert set(done) == set(TRAINING[: TRAINING.index("registered_model")])
    for folder in artefacts(home):
        check_artifact(folder)
    assert contents_of(home)[2] is None
    proxy.join()
    with started(home, *QUICK, **environment) as command:
        until_logged(home, command, station="promotion", words="STEP_START")
        assert command.strike(signal.SIGINT) == 130
        assert "at registered_model: " in command.output
    assert "registered_model" in [folder.parent.name for folder in artefacts(home)]


@pytest.mark.chaos
def test_thirty_seconds_without_mlflow_cost_nothing_but_the_time(tmp_path: Path, proxy: Proxy) -> None:
    """With the patience that a home has by default."""
    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    with started(home, *QUICK, COLDCAST_MLFLOW_URL=proxy.url) as command:
        until_logged(home, command, station="evaluation_report", words="report: 0/")
        proxy.cut()
        time.sleep(30)
        assert command.process.poll() is None, command.output
        assert "registered_model" not in [folder.parent.name for folder in artefacts(home)]
        proxy.join()
        assert command.wait() == 0, command.output
    assert "registered_model" in [folder.parent.name for folder in artefacts(home)]
