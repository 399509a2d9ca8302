"""One look at a time at what is published."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from assets.run_lock import locked
from data.home import Home

WAIT_SECONDS = 600.0  # a look takes seconds, on a large store minutes


class WatchLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Held from reading the measurements so far until they rest with one more, or one of two looks would be lost.

    It is not the home's lock: a look is possible while a retrain runs.
    """

    home: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WatchLock"]:
        """Hold the lock while the look lasts, after any look before it.

        Raises:
            HomeBusy: If another look takes longer than is waited for.
        """
        file = Home.resolve(self.home or None).create().watch_lock
        busy = f"another look at what is published has not ended for {WAIT_SECONDS:.0f} seconds (lock {file})"
        with locked(file, wait_seconds=WAIT_SECONDS, busy=lambda: busy):
            yield self
