"""One job at a time in a home, however it was started."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from assets.dead_runs import sign
from data.home import Home


class HomeBusy(RuntimeError):
    """Another job holds this home."""


class RunLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Held from a run's first station to its last; the operating system frees it when the process dies.

    Where each station has a process of its own, the process that starts them holds the lock for them all.
    """

    home: str = ""
    wait_seconds: float = 0.0

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RunLock"]:
        """Sign the run with this process, then hold the lock while the run lasts.

        Raises:
            HomeBusy: If another job still holds it after ``wait_seconds``.
        """
        home = Home.resolve(self.home or None).create()
        if context.instance is None or context.run is None:
            with held(home, wait_seconds=self.wait_seconds):
                yield self
        else:
            run_id = context.run.run_id
            with held_for_run(home, context.instance, run_id, wait_seconds=self.wait_seconds):
                yield self


@contextmanager
def held_for_run(
    home: Home, instance: dg.DagsterInstance, run_id: str, *, wait_seconds: float
) -> Iterator[None]:
    """Sign a run with this process and hold the home's lock for it, unless one of its processes does already.

    Args:
        home: The home.
        instance: Dagster's history; the signature tells later whether the run's process still lives.
        run_id: The run.
        wait_seconds: How long to wait for another run.

    Raises:
        HomeBusy: If another job still holds it after ``wait_seconds``.
    """
    if _is_held_for(home, run_id):
        yield
        return
    sign(instance, run_id)
    with held(home, wait_seconds=wait_seconds, run_id=run_id):
        yield


@contextmanager
def held(home: Home, *, wait_seconds: float, run_id: str = "") -> Iterator[None]:
    """Hold a home's lock; its file beside it names this process, and the run that it works for.

    Raises:
        HomeBusy: If another process, or another job of this one, still holds it after ``wait_seconds``.
    """
    file = home.run_lock

    def holder() -> str:
        return f"another job is running in this home (lock {file}, held by process {_holder(file)[0]})"

    with locked(file, wait_seconds=wait_seconds, busy=holder):
        _note(file).write_text(f"{os.getpid()}\n{run_id}")
        yield


@contextmanager
def locked(file: Path, *, wait_seconds: float, busy: Callable[[], str]) -> Iterator[None]:
    """Hold the lock of a file.

    Args:
        file: Made if it is not there.
        wait_seconds: For whoever holds it.
        busy: Says who does, when it is still held after that.

    Raises:
        HomeBusy: With what ``busy`` says, and the way out.
    """
    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise HomeBusy(f"{busy()}; wait for it or stop it, then start again") from None
    try:
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


def _is_held_for(home: Home, run_id: str) -> bool:
    """Whether some process holds the lock now for this run."""
    if _holder(home.run_lock)[1] != run_id:
        return False
    try:
        require_free(home)
    except HomeBusy:
        return True
    return False


def _holder(file: Path) -> tuple[str, str]:
    """The process that holds the lock, or held it last, and its run; empty where that is not known."""
    try:
        process, _, run_id = _note(file).read_text().partition("\n")
    except FileNotFoundError:
        return "unknown", ""
    return process.strip() or "unknown", run_id.strip()


def _note(file: Path) -> Path:
    return file.with_suffix(".pid")
