"""Homes to break things in, and the command as a person types it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from click.testing import CliRunner, Result

from data.store.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]
WORLD = ("import", "synthetic", "--users", "120", "--items", "600", "--interactions", "12000")
SMALL = (
    *("--set", "bpr.d=32", "--set", "bpr.epochs=20", "--set", "filterllm.lora_epochs=0"),
    *("--set", "filterllm.epochs=16", "--set", "evaluation.references=false"),
)
RETRAIN = ("retrain", *SMALL)
PATIENCE_SECONDS = 240.0  # an overloaded machine is no failure


def coldcast(home: Path, *arguments: object) -> Result:
    """Run a command in this process; the environment is as before afterwards."""
    from orchestration.cli import main

    before = dict(os.environ)
    try:
        os.environ["COLUMNS"] = "500"
        return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])
    finally:
        os.environ.clear()
        os.environ.update(before)


def refused(result: Result) -> str:
    """The message of a command that failed as it should: exit code 1, one line, no traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    message = result.output.rpartition("Error: ")[2].strip()
    assert message, result.output
    assert "\n" not in message, message
    return message


def contents(url: str) -> tuple[object, ...]:
    """What a store holds, to be compared."""
    with Store.open(url) as store:
        return (store.counts(), store.watermark(), store.current_publication(), len(store.snapshots()))


def contents_of(home: Path) -> tuple[object, ...]:
    """What the store inside a home holds."""
    return contents(f"sqlite:///{home / 'coldcast.db'}")


@dataclass
class Command:
    """A command in a process group of its own, as a terminal starts it."""

    process: subprocess.Popen[str]
    log: Path

    def strike(self, how: signal.Signals) -> int:
        """Send a signal to the whole group, as Ctrl-C does, and wait for the end; returns the exit code."""
        os.killpg(self.process.pid, how)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        return self.process.wait(PATIENCE_SECONDS)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8")


def heed_ctrl_c() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(home: Path, *arguments: object, **environment: str) -> Iterator[Command]:
    """Start a command in a process of its own; it is killed at the end if it still lives."""
    # not on a disk of the home's own, which a test may fill: the log would lose its end
    folder = home.parent.parent if home.parent.is_mount() else home.parent
    log = folder / f"command-{time.monotonic_ns()}.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("COLDCAST_")}
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "--home", str(home), *map(str, arguments)],
            cwd=REPOSITORY,
            env={**own, "COLUMNS": "500", **environment},
            stdout=stream,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
    try:
        yield Command(process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)


def finished(home: Path, *arguments: object, **environment: str) -> str:
    """Run a command in a process of its own to its good end; returns what it printed."""
    with started(home, *arguments, **environment) as command:
        code = command.wait()
        assert code == 0, command.output
        return command.output


def until_logged(home: Path, command: Command, *, station: str, words: str) -> None:
    """Wait until the running station's own log, in Dagster's history, holds some words.

    Args:
        home: The home.
        command: Must still be running when the words are found.
        station: The step whose log is read.
        words: ``STEP_START``, or a piece of a log line.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if _logged(home, station, words, since=psutil.Process(command.process.pid).create_time()):
            assert command.process.poll() is None, f"too late: {command.output}"
            return
        assert command.process.poll() is None, f"{station} never said {words!r}: {command.output}"
        time.sleep(0.02)
    raise AssertionError(f"{station} did not say {words!r} in time: {command.output}")


def _logged(home: Path, station: str, words: str, *, since: float) -> bool:
    query = "select 1 from event_logs where step_key = ? and event like ? limit 1"
    for file in (home / "dagster" / "history" / "runs").glob("*.db"):
        if file.name == "index.db" or file.stat().st_mtime < since:
            continue
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
                if connection.execute(query, (station, f"%{words}%")).fetchone():
                    return True
        except sqlite3.OperationalError:  # the file is just being made
            continue
    return False


def run_states(home: Path) -> list[str]:
    """The state of every run in a home's history."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return [run.status.value for run in instance.get_runs()]


def mlflow_states(home: Path, *, stations: bool) -> list[str]:
    """The state of every MLflow run in a home, oldest first: of the retrains, or of their stations."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("coldcast")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    return [run.info.status for run in runs if ("mlflow.parentRunId" in run.data.tags) is stations]


def artefacts(home: Path) -> list[Path]:
    """Every artefact folder of a home that a command would read."""
    return [folder for folder in sorted((home / "artifacts").glob("*/*")) if not folder.name.startswith(".")]
