"""Dagster's instance inside a home, and the resources every job gets."""

import os
from typing import Any

import dagster as dg
import yaml

from assets.extension import Extension
from assets.placement import Placement
from assets.progress import Progress
from assets.resources import Compute, RegistryResource, StoreResource
from assets.run_lock import RunLock
from assets.watch_lock import WatchLock
from data.errors import InputError
from data.home import DAGSTER_VARIABLE, HOME_VARIABLE, Home
from orchestration.io_managers import Artifacts

START_SECONDS = 600  # from a run's launch to its first line; importing takes a minute on a busy machine
CANCEL_SECONDS = 86_400  # not 0: the daemon takes that for an error while a run is being cancelled
INSTANCE = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},  # the web page's invitation to leave an address
    "concurrency": {
        "runs": {
            "max_concurrent_runs": 4,
            "tag_concurrency_limits": [{"key": "purpose", "value": "retrain", "limit": 1}],
        },
    },
    # A run whose machine goes down between its launch and its first line bears no process's name (assets/dead_runs.py).
    # One that is cancelled does, and may take its time.
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": START_SECONDS,
        "cancel_timeout_seconds": CANCEL_SECONDS,
    },
}
COMMAND_LINE = "command_line.yaml"
THREADS_VARIABLE = "COLDCAST_THREADS"
NOT_CAPTURED = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
DAEMON_WAITS_SECONDS = 6 * 3600.0  # a run from the UI or a sensor waits for the one before it


def instance_settings(home: Home) -> dict[str, Any]:
    """The contents of ``dagster.yaml``: SQLite inside the home, or the URL named by the environment."""
    settings: dict[str, Any] = dict(INSTANCE)
    if home.dagster_url:
        settings["storage"] = {"postgres": {"postgres_url": {"env": DAGSTER_VARIABLE}}}
    return settings


def use_home(home: Home) -> Home:
    """Make this home the one that this process and its children use; write Dagster's settings, twice.

    Raises:
        InputError: If ``COLDCAST_THREADS`` is no number of threads: every job would fail on it.
    """
    require_threads()
    home.create()
    os.environ[HOME_VARIABLE] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    if home.dagster_url:
        os.environ[DAGSTER_VARIABLE] = home.dagster_url  # with the driver named
    settings = instance_settings(home)
    # The command line has a terminal of its own: capturing would take the bars from it, and the processes that
    # Dagster starts for capturing answer Ctrl-C with a traceback each.
    files = {"dagster.yaml": settings, COMMAND_LINE: {**settings, "compute_logs": NOT_CAPTURED}}
    for name, wanted in files.items():
        file, text = home.dagster / name, yaml.safe_dump(wanted)
        if not file.exists() or file.read_text() != text:
            writing = file.with_name(f".{name}.{os.getpid()}")
            writing.write_text(text)
            writing.replace(file)
    return home


def require_threads() -> None:
    """Refuse a ``COLDCAST_THREADS`` that is no number of threads; unset and empty are the default.

    Raises:
        InputError: Naming the value and what is expected.
    """
    given = os.environ.get(THREADS_VARIABLE, "")
    try:
        usable = not given or int(given) >= 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            f"{THREADS_VARIABLE} must be a whole number of threads, at least 0 (0: the default), got {given!r}; "
            "set such a number or unset it"
        )


def resources(*, progress: Progress, lock_wait_seconds: float) -> dict[str, Any]:
    """What the assets may ask for; every value is found through the environment at run time.

    Args:
        progress: Who is told about each station's advance.
        lock_wait_seconds: How long a run waits for another one in the same home.
    """
    return {
        "io_manager": Artifacts(),
        "store": StoreResource(),
        "registry": RegistryResource(),
        "compute": Compute(
            threads=dg.EnvVar.int(THREADS_VARIABLE) if os.environ.get(THREADS_VARIABLE) else 0
        ),
        "placement": Placement(),
        "extension": Extension(),
        "progress": progress,
        "run_lock": RunLock(wait_seconds=lock_wait_seconds),
        "watch_lock": WatchLock(),
    }
