"""Commands under way in processes of their own, forked from a server that has loaded everything."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from tests.faults import chaos_child, lingering
from tests.faults.chaos_replay import Step
from tests.faults.invariants import Life

PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.002


@dataclass
class Run:
    """A command under way.

    Args:
        process: Its process.
        step: What it does.
        log: Where its words go.
    """

    process: BaseProcess
    step: Step
    log: Path
    begun: float = field(default_factory=time.monotonic)
    writes: int = 0
    seconds: float = 0.0

    def until_it_says(self, words: str) -> None:
        """Wait for words in its log; it must still live when they are there."""
        deadline = self.begun + PATIENCE_SECONDS
        while not (self.log.exists() and words in self.log.read_text()):
            assert self.process.exitcode is None, f"never said {words!r}: {self.log.read_text()[-4000:]}"
            assert time.monotonic() < deadline, f"did not say {words!r} in time"
            time.sleep(POLL_SECONDS)

    def watch(self, *, seconds: float = PATIENCE_SECONDS, writes: float = float("inf")) -> bool:
        """Wait until it has ended, has run so long, or has called the kernel to write so often; whether it lives."""
        while self.process.exitcode is None:
            self.seconds = time.monotonic() - self.begun
            try:
                self.writes = psutil.Process(self.process.pid).io_counters().write_count
            except psutil.NoSuchProcess:  # it ends this very moment
                self.process.join(PATIENCE_SECONDS)
                break
            if self.seconds >= seconds or self.writes >= writes:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def kill(self) -> bool:
        """Kill its process group; whether that came before its end."""
        assert self.process.pid is not None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has not got a group of its own yet
            self.process.kill()
        self.process.join(PATIENCE_SECONDS)
        return self.process.exitcode == -signal.SIGKILL

    def ended_well(self) -> None:
        """It has ended, and said so by its exit code."""
        self.process.join(PATIENCE_SECONDS)
        said = self.log.read_text() if self.log.exists() else ""
        assert self.process.exitcode == 0, f"{self.step.name}: {self.process.exitcode}: {said[-4000:]}"


@dataclass(frozen=True)
class Starter:
    """Starts commands in processes of their own.

    Args:
        logs: Folder of what they say.
    """

    logs: Path

    def start(self, home: Path, step: Step, *, linger: str = "") -> Run:
        """Start a command; with the name of a station it stops in the middle of that one's write."""
        log = self.logs / f"{time.monotonic_ns()}.log"
        arguments = ["--home", str(home), *step.words]
        if linger:
            process = _server().Process(target=lingering.run, args=(arguments, str(log), linger))
        else:
            process = _server().Process(target=chaos_child.run, args=(arguments, str(log)))
        process.start()
        return Run(process, step, log)

    def to_its_end(self, life: Life, step: Step) -> Run:
        """Let a step come to its end, which must be a good one: the store, MLflow and Dagster agree."""
        run = self.start(life.home, step)
        assert not run.watch(), f"{step.name} does not end: {run.log.read_text()[-4000:]}"
        run.ended_well()
        life.look([step.events])
        log = self.logs / "registry.log"
        check = _server().Process(target=chaos_child.check_registry, args=(str(life.home), str(log)))
        check.start()
        check.join(PATIENCE_SECONDS)
        assert check.exitcode == 0, f"after {step.name}: {log.read_text()[-4000:]}"
        return run


@functools.cache
def _server() -> ForkServerContext:
    """The server that has loaded everything and is forked for each command."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.preloaded"])
    return context
