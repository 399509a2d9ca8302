"""Computed once, and again only where that is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.benchmark.cache import Cache


def test_arrays_are_computed_once_for_each_setting(tmp_path: Path) -> None:
    asked: list[int] = []

    def compute(number: int) -> dict[str, np.ndarray]:
        asked.append(number)
        return {"table": np.full(3, number)}

    cache = Cache(tmp_path)
    for number in (1, 1, 2):
        arrays, seconds = cache.arrays("kind", {"n": number}, lambda n=number: compute(n))  # type: ignore[misc]
        assert arrays["table"].tolist() == [number] * 3
        assert seconds >= 0
    assert asked == [1, 2]


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.arrays("kind", {}, lambda: {"table": np.ones(1000)})
    file = next(tmp_path.glob("kind-*.npz"))
    file.write_bytes(file.read_bytes()[:100])
    arrays, _ = cache.arrays("kind", {}, lambda: {"table": np.zeros(2)})
    assert arrays["table"].tolist() == [0, 0]
    assert [path.name for path in tmp_path.glob("*.npz")] == [file.name]
