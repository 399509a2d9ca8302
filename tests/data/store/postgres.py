"""A throw-away PostgreSQL server for tests, where its programs are installed; it can be struck and started again."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

SERVER_USER = "coldcast"


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, None where they are not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@dataclass
class Server:
    """A server on a port of this machine.

    Args:
        programs: The folder of ``initdb`` and ``postgres``.
        folder: Holds its data; its user must be able to enter it.
        user: Who runs it, None for who runs the tests.
        port: Where it listens.
    """

    programs: Path
    folder: Path
    user: str | None
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        """The URL of a database; for the store, Dagster and MLflow alike."""
        return f"postgresql://{SERVER_USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Create an empty database; returns its URL."""
        name = f"made{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def initialise(self) -> None:
        """Make the folder of its data."""
        options = ["-U", SERVER_USER, "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(
            [self.programs / "initdb", "-D", self.folder / "data", *options],
            check=True,
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        own = ["-k", str(self.folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        self._process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder / "data", *own, "-c", "fsync=off"],
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise TimeoutError(f"PostgreSQL on port {self.port} did not answer within 60 s")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends every connection in good order, SIGQUIT drops everything as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def restart(self) -> None:
        """Let it crash, and start it again."""
        self.stop(signal.SIGQUIT)
        self.start()


@contextmanager
def running() -> Iterator[Server]:
    """Run a server; its folder goes with it."""
    where = programs()
    assert where is not None
    # The server refuses to run as root and its user cannot enter pytest's folders, hence its own.
    user = "postgres" if getpass.getuser() == "root" else None
    folder = Path(tempfile.mkdtemp(prefix="coldcast-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        server = Server(where, folder, user, int(one.getsockname()[1]))
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
