"""A registered version is whole without the folders it was trained in; and it explains whom it names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.checkpoint import VocabularyCheckpoint
from assets.explaining import audiences_of
from assets.model_version import WARM_ITEMS, Registration, load_version, write_space
from assets.registry import Lineage
from data.errors import InputError
from data.id_map import IdMap
from data.store.store import Store
from models.coldstart.published_space import PublishedSpace
from models.filterllm.config import FilterLLMConfig
from models.filterllm.fit import fit_filterllm
from tests.assets.mlflow_worlds import World
from tests.assets.versions import ITEMS, TEXTS, USERS, snapshot
from tests.data.store.worlds import dataset
from tests.fakes import tiny_encoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> VocabularyCheckpoint:
    """A FilterLLM of the four users, trained for one epoch on a language model of two layers."""
    config = FilterLLMConfig(
        language_model=tiny_encoder(tmp_path_factory.mktemp("encoder")),
        epochs=1,
        constant_epochs=0,
        lora_epochs=0,
        mapper_width=8,
    )
    model = fit_filterllm(TEXTS[:3], snapshot().split.train, space(), config=config)
    return VocabularyCheckpoint(model, snapshot().users.fingerprint)


def space() -> PublishedSpace:
    generator = np.random.default_rng(0)
    users, items = (generator.standard_normal((n, 4)).astype(np.float32) for n in (4, 3))
    return PublishedSpace.of_vectors(users, items, np.arange(3))


def registered(world: World, trained: VocabularyCheckpoint) -> int:
    """Register it from folders that are gone afterwards."""
    folders = [world.folder / name for name in ("checkpoint", "space")]
    for folder in folders:
        folder.mkdir()
    trained.save(folders[0])
    write_space(folders[1], space(), snapshot())
    run = world.registry.tracking.retrain_run("key", "run")
    lineage = Lineage(run, "run", "000001-hash", "hash")
    made = world.registry.register(*folders, user_ids=USERS, lineage=lineage, metrics={})
    for folder in folders:
        shutil.rmtree(folder)
    return made.version


def test_a_version_loads_with_its_users_items_space_and_model(
    world: World, trained: VocabularyCheckpoint
) -> None:
    number = registered(world, trained)
    loaded = load_version(world.registry, number, cache=world.folder / "cache")
    assert (loaded.version, loaded.snapshot_key, loaded.content_hash) == (number, "000001-hash", "hash")
    assert list(loaded.users.ids) == USERS
    assert list(loaded.warm_items.ids) == ITEMS[:3]
    assert np.array_equal(loaded.space.users, space().users)
    texts = ["a deep tree", "protein market"]
    ours, theirs = (model.simulate(texts, k=4) for model in (trained.model, loaded.model))
    assert np.array_equal(ours.users, theirs.users)
    assert ours.log_probabilities == pytest.approx(theirs.log_probabilities, abs=1e-5)


def test_warm_items_are_kept_by_their_external_ids(tmp_path: Path) -> None:
    index = np.array([0, 2], dtype=np.int64)
    embeddings = PublishedSpace.of_vectors(space().users, space().warm_items[:2], index)
    write_space(tmp_path, embeddings, snapshot())
    assert json.loads((tmp_path / WARM_ITEMS).read_text()) == ["w0", "w2"]


def test_a_registration_rests_as_it_was(tmp_path: Path) -> None:
    value = Registration(3, "key", "hash")
    value.save(tmp_path)
    assert Registration.load(tmp_path) == value


def test_a_checkpoint_knows_whose_tokens_it_holds(tmp_path: Path, trained: VocabularyCheckpoint) -> None:
    trained.save(tmp_path)
    loaded = VocabularyCheckpoint.load(tmp_path)
    assert loaded.user_fingerprint == snapshot().users.fingerprint
    loaded.require_users_of(snapshot())
    with pytest.raises(InputError, match="trained for other users"):
        loaded.require_users_of(snapshot(users=[*USERS[:3], "eve"]))
    assert IdMap(USERS).fingerprint == loaded.user_fingerprint


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ann has three titles, one of them the very text that is asked about; dan has none."""
    texts = {"x": "deep sparse random", "y": "music sound", "z": "market price trade", "n": "music sound"}
    events = [("ann", "x", 3, 1.0), ("ann", "y", 2, 1.0), ("ann", "z", 1, 1.0), ("bob", "z", 1, 1.0)]
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}") as opened:
        opened.import_dataset(dataset(USERS, texts, events))
        yield opened


def test_an_audience_is_the_models_with_the_nearest_titles(
    world: World, trained: VocabularyCheckpoint, store: Store
) -> None:
    number = registered(world, trained)
    resource: Any = SimpleNamespace(open=lambda: world.registry, cache=lambda: world.folder / "cache")
    (one, two) = audiences_of(
        store, resource, number, ["music sound", "fast trade"], k=4, nearest=2, history=50
    )
    assert (one.text, two.text) == ("music sound", "fast trade")
    top = trained.model.simulate(["music sound"], k=4)
    assert [user for user, _, _ in one.rows] == [USERS[user] for user in top.users[0]]
    assert sum(probability for _, probability, _ in one.rows) == pytest.approx(1, abs=1e-3)
    titles = {user: near for user, _, near in one.rows}
    assert titles["ann"][0] == "music sound"
    assert len(titles["ann"]) == 2
    assert titles["bob"] == ["market price trade"]
    assert titles["cyd"] == titles["dan"] == []
    (short,) = audiences_of(store, resource, number, ["music sound"], k=4, nearest=3, history=1)
    assert {user: near for user, _, near in short.rows}["ann"] == ["deep sparse random"]
