"""How long work reports itself: one listener, told about every epoch of every station."""

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import dagster as dg

logger = logging.getLogger(__name__)

LOG_EVERY_SECONDS = 5.0
RELAY_VARIABLE = "COLDCAST_PROGRESS_FILE"  # of the processes that a listening one starts
RELAY_SECONDS = 0.2


class Listener(Protocol):
    """Whoever wants to know; the command line draws bars from it."""

    def __call__(self, station: str, done: int, total: int, note: str) -> None:
        """``done`` of ``total`` steps of ``station`` are behind us."""
        ...


_listeners: list[Listener] = []
"""Of this process. A resource cannot hold them: Dagster makes a new one for every run, from its public fields."""


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a listener hear of every station of this process while the body of the ``with`` runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def listening_to_children(listener: Listener) -> Iterator[None]:
    """Let a listener hear of every station of the processes that this one starts while the body runs.

    They append to a file what they have to say, one line each time; a thread reads it.
    """
    with tempfile.NamedTemporaryFile("r", prefix="coldcast-progress-", encoding="utf-8") as file:
        done = threading.Event()
        reader = threading.Thread(target=_relay, args=(file, listener, done), daemon=True)
        os.environ[RELAY_VARIABLE] = file.name
        reader.start()
        try:
            yield
        finally:
            del os.environ[RELAY_VARIABLE]
            done.set()
            reader.join()


def _relay(file: IO[str], listener: Listener, done: threading.Event) -> None:
    """Pass on whole lines until told to end, then once more what is left."""
    rest, last = "", False
    while not last:
        last = done.wait(RELAY_SECONDS)
        *lines, rest = (rest + file.read()).split("\n")
        for line in lines:
            listener(*json.loads(line))


def _tell_parent(*said: str | int) -> None:
    name = os.environ.get(RELAY_VARIABLE)
    if name:
        with open(name, "a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")


class Progress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Passes every station's progress to the run's log and to the listeners."""

    def reporter(self, context: Any, station: str) -> Callable[[int, int, str], None]:
        """A function ``(done, total, note)`` that a station calls as it advances."""
        last = [float("-inf")]

        def report(done: int, total: int, note: str) -> None:
            for listener in tuple(_listeners):
                listener(station, done, total, note)
            _tell_parent(station, done, total, note)
            if done >= total or time.monotonic() - last[0] > LOG_EVERY_SECONDS:
                last[0] = time.monotonic()
                context.log.info(f"{station}: {done}/{total} {note}")

        return report
