"""How long work reports itself: one listener, told about every epoch of every station."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import dagster as dg

logger = logging.getLogger(__name__)

LOG_EVERY_SECONDS = 5.0


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


class Progress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Passes every station's progress to the run's log and to the listeners."""

    def reporter(self, context: Any, station: str) -> Callable[[int, int, str], None]:
        """A function ``(done, total, note)`` that a station calls as it advances."""
        last = [float("-inf")]

        def report(done: int, total: int, note: str) -> None:
            for listener in tuple(_listeners):
                listener(station, done, total, note)
            if done >= total or time.monotonic() - last[0] > LOG_EVERY_SECONDS:
                last[0] = time.monotonic()
                context.log.info(f"{station}: {done}/{total} {note}")

        return report
