"""How long to wait for a service that went away, and what to say when it stays away."""

from __future__ import annotations

import errno
import logging
import math
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from assets.registry_errors import RegistryUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE = 0.25  # seconds; doubled after each failure
LONGEST_PAUSE = 8.0  # seconds
TRANSIENT_CODES = frozenset({"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"})
FULL = re.compile(r"disk is full|disk I/O error|No space left on device", re.IGNORECASE)
NETWORK_LIBRARIES = ("requests.", "urllib3.")
RETRIES_VARIABLE = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
TIMEOUT_VARIABLE = "MLFLOW_HTTP_REQUEST_TIMEOUT"


class Patience:
    """One budget of seconds for one outage: calls are repeated until it is used up, then refused.

    The clock starts with the first failure and is reset by the next success, so that a chain of calls to a
    dead server costs ``seconds`` in all, not ``seconds`` each. A call after a time in which nobody asked starts
    it anew: a failure at the beginning of an hour's work says nothing about its end.

    Args:
        uri: Address of the service; its password is masked in every message.
        seconds: Budget of one outage in seconds, > 0.
        troubles: Answers which exception types may mean an outage; asked only once one was raised, so that
            naming them costs no import.
        clock: Monotonic seconds.
        sleep: Waits the given seconds.

    Raises:
        ValueError: If ``seconds`` is not a positive finite number.
    """

    def __init__(
        self,
        uri: str,
        seconds: float,
        *,
        troubles: Callable[[], tuple[type[Exception], ...]] = lambda: (OSError,),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not (math.isfinite(seconds) and seconds > 0):
            raise ValueError(f"seconds must be a positive number of seconds to wait, got {seconds}")
        self.uri = uri
        self.seconds = seconds
        self._troubles = troubles
        self._clock = clock
        self._sleep = sleep
        self._down_since: float | None = None
        self._failed_at: float | None = None

    @property
    def down_seconds(self) -> float:
        """Seconds since the first failure of the present outage; 0 while the service answers."""
        return 0.0 if self._down_since is None else self._clock() - self._down_since

    def insist(self, action: Callable[[], T], doing: str) -> T:
        """Repeat ``action`` with growing pauses until it succeeds or the budget is used up.

        Args:
            action: What to do; must be safe to do twice.
            doing: The same in words, for the message ("registering a version").

        Returns:
            Whatever ``action`` returns.

        Raises:
            RegistryUnavailable: If the service does not answer in time, or at once if its disk is full; names
                the address.
        """
        self._forget_old_failure()
        pause = FIRST_PAUSE
        while True:
            left = self.seconds - self.down_seconds
            try:
                return self._attempt(action, timeout=left)
            except self._troubles() as error:
                if is_disk_full(error):
                    raise self._full(doing) from None
                if not is_transient(error):
                    raise
                left = self.seconds - self.down_seconds
                if left <= pause:
                    raise self._unavailable(error, doing) from None
                logger.info("%s does not answer while %s; %.0f s left", masked(self.uri), doing, left)
            self._sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def once(self, action: Callable[[], T], doing: str, *, timeout: float) -> T:
        """Try ``action`` a single time, waiting at most ``timeout`` seconds for each answer.

        Raises:
            RegistryUnavailable: If the service does not answer.
        """
        self._forget_old_failure()
        try:
            return self._attempt(action, timeout=timeout)
        except self._troubles() as error:
            if is_disk_full(error):
                raise self._full(doing) from None
            if not is_transient(error):
                raise
            raise self._unavailable(error, doing) from None

    def _attempt(self, action: Callable[[], T], *, timeout: float) -> T:
        try:
            with bounded_requests(timeout):
                result = action()
        except self._troubles() as error:
            if is_transient(error):
                self._failed_at = self._clock()
                if self._down_since is None:
                    self._down_since = self._failed_at
            raise
        self._down_since = None
        return result

    def _forget_old_failure(self) -> None:
        if self._failed_at is not None and self._clock() - self._failed_at > LONGEST_PAUSE:
            self._down_since = None

    def _full(self, doing: str) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"MLflow at {masked(self.uri)} could not write while {doing}: the disk is full; what was computed is "
            "kept: free disk space and run again"
        )

    def _unavailable(self, error: BaseException, doing: str) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"MLflow at {masked(self.uri)} did not answer for {self.down_seconds:.0f} s while {doing} "
            f"({type(error).__name__}: {masked(str(error))[:300]}); what was computed is kept: "
            "start the server again, or point to another one, and run again"
        )


def is_disk_full(error: BaseException) -> bool:
    """Say whether a disk without room is behind an error: waiting does not help, a person does."""
    seen: BaseException | None = error
    while seen is not None:
        if getattr(seen, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or FULL.search(
            str(seen)
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def is_transient(error: BaseException) -> bool:
    """Say whether waiting may help: no connection, a time-out, a busy or locked database."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionError | TimeoutError):
            return True
        if type(seen).__module__.startswith(NETWORK_LIBRARIES):
            return True
        if getattr(seen, "error_code", None) in TRANSIENT_CODES:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def bounded_requests(seconds: float) -> Iterator[None]:
    """Let one HTTP request of MLflow wait at most ``seconds`` (at least 1) and never repeat itself."""
    own = os.environ.get(TIMEOUT_VARIABLE, "")
    timeout = max(1, math.ceil(seconds))
    if own.isdigit():
        timeout = min(timeout, int(own))
    values = {RETRIES_VARIABLE: "0", TIMEOUT_VARIABLE: str(timeout)}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def masked(text: str) -> str:
    """Replace passwords of URLs inside ``text`` by three stars."""
    without_user = re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:***@", text)
    return re.sub(r"(?i)((?:password|token|secret)=)[^&\s]+", r"\1***", without_user)
