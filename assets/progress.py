"""How long work reports itself: one listener, told about every epoch of every station."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

import dagster as dg
from pydantic import PrivateAttr

logger = logging.getLogger(__name__)

LOG_EVERY_SECONDS = 5.0


class Listener(Protocol):
    """Whoever wants to know; the command line draws bars from it."""

    def __call__(self, station: str, done: int, total: int, note: str) -> None:
        """``done`` of ``total`` steps of ``station`` are behind us."""
        ...


class Progress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Passes every station's progress to the run's log and to the listeners."""

    _listeners: list[Listener] = PrivateAttr(default_factory=list)

    def listen(self, listener: Listener) -> "Progress":
        """Add a listener; returns this resource."""
        self._listeners.append(listener)
        return self

    def reporter(self, context: Any, station: str) -> Callable[[int, int, str], None]:
        """A function ``(done, total, note)`` that a station calls as it advances."""
        last = [float("-inf")]

        def report(done: int, total: int, note: str) -> None:
            for listener in self._listeners:
                listener(station, done, total, note)
            if done >= total or time.monotonic() - last[0] > LOG_EVERY_SECONDS:
                last[0] = time.monotonic()
                context.log.info(f"{station}: {done}/{total} {note}")

        return report
