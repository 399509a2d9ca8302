"""One job at a time in a home, however it was started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from filelock import FileLock, Timeout

from data.home import Home


class HomeBusy(RuntimeError):
    """Another job holds this home."""


class RunLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Held from a run's first station to its last; the operating system frees it when the process dies."""

    home: str = ""
    wait_seconds: float = 0.0

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RunLock"]:
        """Hold the lock while the run lasts.

        Raises:
            HomeBusy: If another job still holds it after ``wait_seconds``.
        """
        file = Home.resolve(self.home or None).create().run_lock
        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=self.wait_seconds)
        except Timeout:
            raise HomeBusy(
                f"another job is running in this home (lock {file}, held by process {_holder(file)}); "
                "wait for it or stop it, then start again"
            ) from None
        try:
            file.with_suffix(".pid").write_text(str(os.getpid()))
            yield self
        finally:
            lock.release()


def _holder(file: "os.PathLike[str]") -> str:
    try:
        with open(f"{os.fspath(file).removesuffix('.lock')}.pid") as stream:
            return stream.read().strip() or "unknown"
    except FileNotFoundError:
        return "unknown"
