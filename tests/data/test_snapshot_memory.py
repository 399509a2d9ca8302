"""Memory: ten million interactions become a snapshot within 1.5 GiB, so each may take few bytes on the way."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data.snapshot import Snapshot
from data.snapshot_build import StoreContents, build_snapshot
from data.split_choice import SplitChoice

N = 300_000
# The events take 28 bytes each and the snapshot 44: pairs 16, in its split 16 again, times 8, weights 4. What is
# made in between is three columns of int64 at most; users, items and a block of rows count a little here.
MOST_MAKING, MOST_RESTING, LEAST = 85, 70, 44


def contents(n: int) -> StoreContents:
    """Events of nearly as many pairs, and so few users and items that these hardly count."""
    generator = np.random.default_rng(0)
    return StoreContents(
        user_keys=np.arange(1, 2001),
        user_ids=np.array([f"u{at}" for at in range(2000)], dtype=object),
        item_keys=np.arange(1, 5001),
        item_ids=np.array([f"i{at}" for at in range(5000)], dtype=object),
        texts=["title"] * 5000,
        event_users=generator.integers(1, 2001, size=n),
        event_items=generator.integers(1, 5001, size=n),
        times=generator.integers(1, 1000, size=n),
        weights=np.ones(n, dtype=np.float32),
        token_users=np.empty(0, dtype=np.int64),
        watermark={},
    )


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[list[Path]]:
    """Two folders, while allocations are traced; what is loaded on first use is loaded already."""
    made = [tmp_path / "warm", tmp_path / "traced"]
    for folder in made:
        folder.mkdir()
    build_snapshot(contents(5000), SplitChoice(), key="k", created_at="").save(made[0])
    Snapshot.load(made[0])
    gc.collect()
    tracemalloc.start()
    yield made
    tracemalloc.stop()


def most_bytes() -> float:
    """The most that was held at a time since the last call, in bytes an interaction."""
    most = tracemalloc.get_traced_memory()[1] / N
    tracemalloc.reset_peak()
    return most


@pytest.mark.slow
def test_a_snapshot_is_made_written_and_read_in_few_bytes_an_interaction(folders: list[Path]) -> None:
    snapshot = build_snapshot(contents(N), SplitChoice(), key="k", created_at="")
    making = most_bytes()
    snapshot.save(folders[1])
    writing = most_bytes()
    del snapshot
    gc.collect()
    tracemalloc.reset_peak()
    Snapshot.load(folders[1])
    reading = most_bytes()
    assert LEAST < making < MOST_MAKING
    assert LEAST < writing < MOST_RESTING
    assert LEAST < reading < MOST_RESTING
