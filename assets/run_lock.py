"""One job at a time in a home, however it was started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from filelock import FileLock, Timeout

from assets.dead_runs import PROCESS_TAG, this_process
from data.home import Home


class HomeBusy(RuntimeError):
    """Another job holds this home."""


class RunLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Held from a run's first station to its last; the operating system frees it when the process dies."""

    home: str = ""
    wait_seconds: float = 0.0

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RunLock"]:
        """Sign the run with this process, then hold the lock while the run lasts.

        Raises:
            HomeBusy: If another job still holds it after ``wait_seconds``.
        """
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
        with held(Home.resolve(self.home or None).create(), wait_seconds=self.wait_seconds):
            yield self


@contextmanager
def held(home: Home, *, wait_seconds: float) -> Iterator[None]:
    """Hold a home's lock; its file beside it names this process.

    Raises:
        HomeBusy: If another process, or another job of this one, still holds it after ``wait_seconds``.
    """
    file = home.run_lock
    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise HomeBusy(
            f"another job is running in this home (lock {file}, held by process {_holder(file)}); "
            "wait for it or stop it, then start again"
        ) from None
    try:
        file.with_suffix(".pid").write_text(str(os.getpid()))
        yield
    finally:
        lock.release()


def require_free(home: Home) -> None:
    """Refuse to begin what a running job would be in the way of.

    Raises:
        HomeBusy: If a job holds the home now.
    """
    with held(home, wait_seconds=0):
        pass


def _holder(file: "os.PathLike[str]") -> str:
    try:
        with open(f"{os.fspath(file).removesuffix('.lock')}.pid") as stream:
            return stream.read().strip() or "unknown"
    except FileNotFoundError:
        return "unknown"
