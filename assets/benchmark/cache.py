"""Arrays that several units share: computed once, kept under a name made of their settings."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

SECONDS = "seconds"
DAMAGED = (ValueError, KeyError, OSError, EOFError)


class Cache:
    """A folder of ``.npz`` files.

    Args:
        directory: Made if it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def arrays(
        self, kind: str, settings: Mapping[str, Any], compute: Callable[[], dict[str, Any]]
    ) -> tuple[dict[str, Any], float]:
        """Look arrays up, or compute and keep them; a file that cannot be read is computed again.

        Args:
            kind: First part of the file's name.
            settings: All that the arrays depend on, as JSON values.
            compute: Gives the arrays by name.

        Returns:
            The arrays, and the wall seconds that computing them took, whenever that was.
        """
        path = self._path(kind, settings)
        self.directory.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory / f".{path.stem}.lock"):  # another process may be at the same
            found = _read(path)
            if found is None:
                started = time.perf_counter()
                found = compute()
                found[SECONDS] = time.perf_counter() - started
                _write(path, found)
        return {name: found[name] for name in found if name != SECONDS}, float(found[SECONDS])

    def holds(self, kind: str, settings: Mapping[str, Any]) -> bool:
        """Whether the arrays were computed already."""
        return self._path(kind, settings).exists()

    def _path(self, kind: str, settings: Mapping[str, Any]) -> Path:
        text = json.dumps(settings, sort_keys=True)
        return self.directory / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"


def _read(path: Path) -> dict[str, Any] | None:
    import zipfile

    import numpy as np

    if not path.exists():
        return None
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays}
    except (*DAMAGED, zipfile.BadZipFile):
        return None
    return found if SECONDS in found else None


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    import numpy as np

    temporary = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        np.savez(temporary, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
