"""Ctrl-C and kill -9 in the middle of an import."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.homes import PATIENCE_SECONDS, WORLD, coldcast, contents_of, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CTRL_C, KILL = signal.SIGINT, signal.SIGKILL


def is_locked(database: Path) -> bool:
    """Whether somebody else is in the middle of writing."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


@pytest.mark.parametrize("how", [CTRL_C, KILL])
def test_an_import_struck_in_the_middle_leaves_the_store_as_it_was(
    tmp_path: Path, how: signal.Signals
) -> None:
    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    before = contents_of(home)
    events = tmp_path / "events.csv"
    rows = (f"user-{n % 120:05d},item-{n % 420:05d},{n + 1}" for n in range(500_000))
    events.write_text("user_id,item_id,time\n" + "\n".join(rows))
    with started(home, "import", "files", "--interactions", events, "--create-unknown") as command:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_locked(home / "coldcast.db"):
            assert command.process.poll() is None, command.output
            assert time.monotonic() < deadline, command.output
            time.sleep(0.01)
        code = command.strike(how)
        assert code == (130 if how is CTRL_C else -KILL), command.output
        assert "Traceback" not in command.output
    assert contents_of(home) == before
