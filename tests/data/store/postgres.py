"""A throw-away PostgreSQL server for tests, where its programs are installed."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def server(where: Path) -> Iterator[str]:
    """Run a server on a socket of its own; yields the URL up to, without, the database's name."""
    # The server refuses to run as root and its user cannot enter pytest's folders, hence its own.
    user = "postgres" if getpass.getuser() == "root" else None
    folder = Path(tempfile.mkdtemp(prefix="coldcast-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [where / "initdb", "-D", data, "-U", SERVER_USER, "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    process = subprocess.Popen(
        [where / "postgres", "-D", data, *options],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(folder)
        yield f"postgresql://{SERVER_USER}@/{{}}?host={folder}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def create_database(url: str, name: str) -> str:
    """Create an empty database; returns its URL."""
    with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.format(name)


def _wait(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if any(name.startswith(".s.PGSQL") and not name.endswith(".lock") for name in os.listdir(folder)):
            try:
                psycopg.connect(host=str(folder), user=SERVER_USER, dbname="postgres").close()
                return
            except psycopg.OperationalError:
                pass
        time.sleep(0.05)
    raise TimeoutError(f"PostgreSQL in {folder} did not answer within 30 s")
