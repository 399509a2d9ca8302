"""Embeddings rest and come back unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.collaborative.embeddings import CollaborativeEmbeddings


def arrays(**changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    whole = {
        "users": rng.standard_normal((4, 3)).astype(np.float32),
        "warm_items": rng.standard_normal((2, 3)).astype(np.float32),
        "warm_item_index": np.array([1, 4]),
    }
    return {**whole, **changes}


def test_save_and_load_change_nothing(tmp_path: Path) -> None:
    saved = CollaborativeEmbeddings(**arrays(regulariser=0.3))
    saved.save(tmp_path)
    loaded = CollaborativeEmbeddings.load(tmp_path)
    for name in arrays():
        np.testing.assert_array_equal(getattr(saved, name), getattr(loaded, name))
        assert getattr(saved, name).dtype == getattr(loaded, name).dtype
    assert loaded.regulariser == 0.3


def test_vectors_saved_before_the_regulariser_was_told_have_the_usual_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "collaborative_embeddings.npz", **arrays())
    assert CollaborativeEmbeddings.load(tmp_path).regulariser == 0.05


def test_item_table_has_zeros_where_an_item_is_not_warm() -> None:
    embeddings = CollaborativeEmbeddings(**arrays())
    table = embeddings.item_table(6)
    np.testing.assert_array_equal(table[[1, 4]], embeddings.warm_items)
    assert not table[[0, 2, 3, 5]].any()
    with pytest.raises(ValueError, match="n_items must be above 4, got 4"):
        embeddings.item_table(4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users": np.zeros((4, 2), np.float32)}, "equal width"),
        ({"users": np.zeros((4, 3))}, "must be float32, got float64"),
        ({"warm_item_index": np.array([1])}, r"shape \(2,\)"),
        ({"warm_item_index": np.array([4, 1])}, "must rise"),
        ({"regulariser": 0.0}, "regulariser must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CollaborativeEmbeddings(**arrays(**changes))
