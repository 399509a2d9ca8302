"""What is judged in one report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.scorers import oracle_scorers, placed_table, reference_scorers
from data.id_map import IdMap
from data.item_texts import ItemTexts
from data.readers.synthetic import SyntheticWorld
from data.snapshot import Snapshot
from models.coldstart.config import ColdUpdateConfig
from tests.assets.versions import TableModel, snapshot, version


def test_the_placed_table_is_warm_as_trained_cold_by_text_and_zero_elsewhere() -> None:
    space = version().space
    model: Any = TableModel(4, {"title of v0": [0.01, 0.01, 0.97, 0.01]})
    config = ColdUpdateConfig(users_per_item=1, steps=10)
    table = placed_table(snapshot(), space, model, config)
    assert np.array_equal(table[:3], space.warm_items)
    assert int(np.argmax(table[3])) == 2
    assert (table[3:7] != 0).any(axis=1).all()
    assert not table[7].any()  # n0 is not held out: nothing is asked about it
    assert model.asked == [["title of v0", "title of v1", "title of t0", "title of t1"]]


def test_the_references_are_fitted_and_finite() -> None:
    model: Any = TableModel(4)
    found = reference_scorers(snapshot(), version().space, model, seed=0)
    assert set(found) == {
        "chance",
        "popularity",
        "tfidf_profile",
        "content_knn",
        "ridge",
        "ridge_root_degree",
        "ridge_to_vectors",
    }
    for name, judged in found.items():
        scores = judged.scorer.scores(np.arange(4), np.array([3, 4, 5]))
        assert scores.shape == (4, 3), name
        assert np.isfinite(scores).all(), name


@pytest.fixture
def world(tmp_path: Path) -> SyntheticWorld:
    """A world of the home ``tmp_path`` whose users bear the names of its first four."""
    made = SyntheticWorld.create(10, 20, n_topics=2, n_interactions=60)
    made.save(tmp_path)
    return made


def of_world(
    world: SyntheticWorld, *, users: list[str] | None = None, titles: list[str] | None = None
) -> Snapshot:
    from dataclasses import replace

    texts = ItemTexts(titles or [*world.titles[:7], "no title of this world"])
    return replace(snapshot(), users=IdMap(users or world.user_ids[:4]), texts=texts)


def test_a_synthetic_home_has_an_oracle(tmp_path: Path, world: SyntheticWorld) -> None:
    (oracle,) = oracle_scorers(of_world(world), tmp_path).values()
    scores = oracle.scorer.scores(np.array([2, 0]), np.array([3]))
    truth = np.log(world.true_probability_of(world.titles[3]))
    assert scores[:, 0] == pytest.approx([truth[2], truth[0]], rel=1e-4)


def test_other_homes_have_none(tmp_path: Path) -> None:
    assert oracle_scorers(snapshot(), tmp_path) == {}


def test_users_or_titles_from_elsewhere_silence_the_oracle(tmp_path: Path, world: SyntheticWorld) -> None:
    assert oracle_scorers(of_world(world, users=[*world.user_ids[:3], "ann"]), tmp_path) == {}
    assert oracle_scorers(of_world(world, titles=["Mine", *world.titles[:7]]), tmp_path) == {}
