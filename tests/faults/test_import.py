"""Ctrl-C and kill -9 in the middle of an import."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.faults.homes import PATIENCE_SECONDS, WORLD, coldcast, contents_of, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CTRL_C, KILL = signal.SIGINT, signal.SIGKILL


@pytest.mark.parametrize("how", [CTRL_C, KILL])
def test_an_import_struck_in_the_middle_leaves_the_store_as_it_was(
    tmp_path: Path, how: signal.Signals
) -> None:
    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    before = contents_of(home)
    events = tmp_path / "events.csv"
    rows = (f"user-{n % 120:05d},item-{n % 420:05d},{n + 1}" for n in range(1_200_000))
    events.write_text("user_id,item_id,time\n" + "\n".join(rows))
    log = home / "coldcast.db-wal"
    with started(home, "import", "files", "--interactions", events, "--create-unknown") as command:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (log.exists() and log.stat().st_size > 1_000_000):
            assert command.process.poll() is None, command.output
            assert time.monotonic() < deadline, command.output
            time.sleep(0.01)
        code = command.strike(how)
        assert code == (130 if how is CTRL_C else -KILL), command.output
        assert "Traceback" not in command.output
    assert contents_of(home) == before
