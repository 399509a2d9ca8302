"""Where and with what a benchmark was run."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.snapshot import Snapshot

PACKAGES = ("coldcast", "numpy", "scipy", "scikit-learn", "torch", "transformers", "peft")
IDS = "ids.npz"


def about(snapshot: "Snapshot", *, language_model: str) -> dict[str, Any]:
    """What a reader of the figures should know of their making, as JSON values."""
    return {
        "data_set": snapshot.key,
        "protocol": snapshot.manifest.protocol,
        "split_hash": snapshot.content_hash,
        "counts": dict(snapshot.manifest.counts),
        "dtype": "float32; where a row says so, matrix products of the training were bfloat16",
        **about_run(language_model=language_model),
    }


def about_run(*, language_model: str) -> dict[str, Any]:
    """When, where and with what code something was computed, as JSON values."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.machine(), "threads": _threads()},
        "language_model": language_model,
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def commit() -> str | None:
    """The commit of this code, with ``-dirty`` where files differ from it or are new; None outside a checkout."""
    try:
        found, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{found}-dirty" if changed else found or None


def _git(*arguments: str) -> str:
    folder = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    return found.stdout.strip()


def write_ids(snapshot: "Snapshot", directory: Path) -> None:
    """Keep the external ids beside the lists: ``users[user_index]`` and ``items[item_index]``."""
    import numpy as np

    temporary = directory / f".{os.getpid()}-{IDS}"
    np.savez_compressed(temporary, users=snapshot.users.ids.astype(str), items=snapshot.items.ids.astype(str))
    temporary.replace(directory / IDS)


def _threads() -> int:
    """Threads that one process computes with: ``OMP_NUM_THREADS``, else one a core."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return int(stated) if stated.isdigit() else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
