"""How the user interfaces are started."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from data.home import Home
from orchestration.web import (
    LOOPBACK,
    dagster_command,
    mlflow_command,
    mlflow_environment,
    servers_environment,
)
from tests.browser.servers import two_free_ports
from tests.orchestration.worlds import Cli

LIMITS = (
    "from dagster._grpc import client as c; "
    "print(c.DEFAULT_SENSOR_GRPC_TIMEOUT, c.DEFAULT_SCHEDULE_GRPC_TIMEOUT)"
)


def limits() -> list[int]:
    """Seconds after which a Dagster that `coldcast ui` starts cuts off a sensor's and a schedule's tick."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITS], env=servers_environment(), capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


def test_a_tick_may_plan_a_retrain_of_a_large_store(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits() == [1800, 1800]
    monkeypatch.setenv("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "7200")
    assert limits() == [7200, 1800]


@pytest.mark.filterwarnings("ignore")  # of what MLflow's command line loads
def test_the_databases_password_is_no_argument(home: Home) -> None:
    from mlflow.cli import server

    away = replace(home, mlflow_url="postgresql://me:secret@localhost/mlflow")
    assert "secret" not in " ".join([*mlflow_command(away, 3001), *dagster_command(3000)])
    (told,) = [option for option in server.params if option.name == "backend_store_uri"]
    assert mlflow_environment(away) == {told.envvar: away.mlflow_url}


@pytest.mark.parametrize(("taken", "server"), [(0, "Dagster"), (1, "MLflow")])
def test_a_taken_port_is_refused_with_the_way_out(home: Home, taken: int, server: str) -> None:
    port = two_free_ports()
    with socket.socket() as other:
        other.bind((LOOPBACK, port + taken))
        other.listen()
        told = Cli(home).run("ui", "--port", str(port), code=1)
    assert f"{server} cannot be served on port {port + taken} (Address already in use)" in told
    assert "--port" in told


@pytest.mark.parametrize("ended", ["Dagster", "MLflow"])
def test_a_server_that_ends_by_itself_is_told_in_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    commands = {
        name: [
            sys.executable,
            "-c",
            "raise SystemExit(3)" if name == ended else "import time; time.sleep(60)",
        ]
        for name in ("Dagster", "MLflow")
    }
    monkeypatch.setattr("orchestration.web.dagster_command", lambda port: commands["Dagster"])
    monkeypatch.setattr("orchestration.web.mlflow_command", lambda home, port: commands["MLflow"])
    monkeypatch.setattr("orchestration.web.make_history", lambda home: None)
    monkeypatch.setattr("signal.signal", lambda *given: None)
    told = Cli(home).run("ui", "--port", str(two_free_ports()), code=1)
    assert told.endswith(f"Error: {ended} ended with exit code 3; its messages are above")
