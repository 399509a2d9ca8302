"""The web servers: Dagster, MLflow and the recommender, on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from assets.mlflow_home import PAGES_VARIABLE, QUIET
from data.errors import InputError
from data.home import Home
from orchestration.environments import use_home
from orchestration.history import make_history
from orchestration.launch_errors import ServerEnded

LOOPBACK = "127.0.0.1"
WORKSPACE = Path(__file__).resolve().parents[1] / "workspace.yaml"
STOP_SECONDS = 15.0
BACKEND_VARIABLE = "MLFLOW_BACKEND_STORE_URI"
# A tick that plans a retrain reads the whole store; after Dagster's own 60 seconds it would be cut off each time.
TICK_LIMITS = {
    "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "1800",
    "DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "1800",
}


def dagster_command(port: int) -> list[str]:
    """``dagster dev`` on the workspace file of the source tree, or on the installed module without one."""
    target = ["-w", str(WORKSPACE)] if WORKSPACE.exists() else ["-m", "orchestration.definitions"]
    return [sys.executable, "-m", "dagster", "dev", *target, "-h", LOOPBACK, "-p", str(port)]


def mlflow_command(home: Home, port: int) -> list[str]:
    """``mlflow server``; one worker. Which database it is over, it is told by :func:`mlflow_environment`."""
    return [
        *(
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            LOOPBACK,
            "--port",
            str(port),
            "--workers",
            "1",
        ),
        *("--default-artifact-root", str(home.mlflow_artifacts)),
    ]


def mlflow_environment(home: Home) -> dict[str, str]:
    """The home's tracking store for MLflow's server: everybody on the machine sees arguments, and it has a password."""
    return {BACKEND_VARIABLE: home.mlflow_url}


def servers_environment() -> dict[str, str]:
    """What both servers, and all that they start, find in their environment; what is set already stays."""
    return {**QUIET, **TICK_LIMITS, **os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def serve_uis(home: Home, *, port: int, console: Console) -> None:
    """Serve both UIs until interrupted; if one ends, the other is stopped too.

    Raises:
        InputError: If a port cannot be had.
        ServerEnded: If a server ends by itself; names it and its exit code.
    """
    use_home(home)
    environment = servers_environment()
    servers = {"Dagster": (dagster_command(port), port, environment)}
    if home.mlflow_url.startswith(("http://", "https://")):
        console.print(f"MLflow   {home.mlflow_url}")
    else:
        environment[PAGES_VARIABLE] = f"http://{LOOPBACK}:{port + 1}"
        own = {**environment, **mlflow_environment(home)}
        servers["MLflow"] = (mlflow_command(home, port + 1), port + 1, own)
    for name, (_, own_port, _) in servers.items():
        require_free_port(own_port, name)
    make_history(home)
    running: dict[str, subprocess.Popen[bytes]] = {}
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for name, (command, own_port, own) in servers.items():
            running[name] = subprocess.Popen(command, env=own, start_new_session=True)
            console.print(f"{name:<8} http://{LOOPBACK}:{own_port}")
        console.print("Ctrl-C stops both")
        while True:
            for name, process in running.items():
                if process.poll() is not None:
                    raise ServerEnded(
                        f"{name} ended with exit code {process.returncode}; its messages are above"
                    )
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        for process in running.values():
            _stop(process)


def require_free_port(port: int, server: str) -> None:
    """Refuse a port that cannot be listened on, before a server fails on it in its own words.

    Raises:
        InputError: Naming the port, the server and the option.
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just left is free
        try:
            trial.bind((LOOPBACK, port))
        except OSError as error:
            raise InputError(
                f"{server} cannot be served on port {port} ({error.strerror}); give another one with --port "
                "(it is Dagster's, MLflow gets the next one)"
            ) from None


def serve_recommendations(home: Home, *, host: str, port: int) -> None:
    """Serve the published version's recommendations and audiences until interrupted."""
    from serving.app import serve

    serve(home.database_url, host=host, port=port)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(timeout=STOP_SECONDS)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
