"""Who hears how far a station is."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

from assets.progress import RELAY_VARIABLE, Progress, listening, listening_to_children


def test_listeners_hear_everything_the_log_the_end() -> None:
    logged: list[str] = []
    heard: list[tuple[str, int, int, str]] = []
    context = SimpleNamespace(log=SimpleNamespace(info=logged.append))
    with listening(lambda *one: heard.append(one)):
        report = Progress().reporter(context, "books")
        for done in (1, 2, 3):
            report(done, 3, "read")
    report(3, 3, "nobody hears this")
    assert heard == [("books", 1, 3, "read"), ("books", 2, 3, "read"), ("books", 3, 3, "read")]
    assert logged == ["books: 1/3 read", "books: 3/3 read", "books: 3/3 nobody hears this"]


CHILD = """
from types import SimpleNamespace
from assets.progress import Progress

report = Progress().reporter(SimpleNamespace(log=SimpleNamespace(info=str)), "bücher\\n")
for done in range(1, 201):
    report(done, 200, f"note {done}")
"""


def test_what_processes_say_is_heard_in_the_one_that_started_them() -> None:
    heard: list[tuple[str, int, int, str]] = []
    with listening_to_children(lambda *one: heard.append(one)):
        children = [subprocess.Popen([sys.executable, "-c", CHILD]) for _ in range(2)]
        assert [child.wait() for child in children] == [0, 0]
    every = [("bücher\n", done, 200, f"note {done}") for done in range(1, 201)]
    assert sorted(heard) == sorted(2 * every)
    assert RELAY_VARIABLE not in os.environ
