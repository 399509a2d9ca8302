"""Where homes that are struck again and again live."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path(
    "/dev/shm"
)  # a killed process loses nothing that the kernel holds: its writes need no disk to be whole
ROOM_BYTES = 2**29


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder for homes, in memory where there is room: a retrain syncs thousands of pages to the disk."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)
