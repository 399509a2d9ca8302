"""`coldcast ui` as a user starts it, on free ports of this machine, ended with everything it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

START_SECONDS = 240.0
STOP_SECONDS = 40.0


@dataclass(frozen=True)
class Pages:
    """Where both user interfaces are."""

    dagster: str
    mlflow: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What Dagster's GraphQL answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.dagster}/graphql", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        data: dict[str, Any] = content["data"]
        return data


def command(home: Path, *arguments: str) -> list[str]:
    """A `coldcast` command on a home."""
    return [sys.executable, "-m", "orchestration.cli", "--home", str(home), *arguments]


def coldcast(home: Path, *arguments: str) -> str:
    """Run a `coldcast` command to its end; returns what it printed."""
    done = subprocess.run(command(home, *arguments), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(home: Path, log: Path) -> Iterator[Pages]:
    """Both user interfaces of a home, up for the body of a ``with``."""
    port = two_free_ports()
    with log.open("w") as messages:
        process = subprocess.Popen(
            command(home, "ui", "--port", str(port)),
            stdout=messages,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pages = Pages(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}")
    try:
        for address in (f"{pages.dagster}/server_info", f"{pages.mlflow}/health"):
            wait_until(partial(answers, address, process, log), START_SECONDS, address)
        yield pages
    finally:
        stop(process)


def answers(address: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether a server is up; fails at once if it has ended."""
    assert process.poll() is None, log.read_text()[-4000:]
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask `coldcast ui` to end, which ends both servers; then make sure of its group."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=STOP_SECONDS)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def two_free_ports() -> int:
    """The first of two neighbouring free ports."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two neighbouring free ports in 50 attempts")


def wait_until(happens: Callable[[], bool], seconds: float, what: str) -> None:
    """Look once a second until something happens."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} seconds"
        time.sleep(1)
