"""The study of real interactions: what is chosen where the answer is known, and the whole way once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.benchmark import warming
from assets.benchmark.documents import markers
from assets.benchmark.inputs import Inputs
from assets.benchmark.warming import Ready, warming_study
from data.errors import InputError
from data.snapshot import Snapshot
from evaluation.revealing import Revealing
from evaluation.warming import Warming
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace
from models.coldstart.top_users import TopUsers
from models.collaborative.ials_config import IalsConfig
from tests.assets.benchmark.worlds import ITEMS, LANGUAGE_MODEL, TOPICS, USERS, choice
from tests.fakes import tiny_encoder

STEPS = (0, 1, 2, 3)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world's cold items have about ten users each."""
    monkeypatch.setattr(warming, "STEPS", STEPS)


def ready(items: np.ndarray, *, right: bool) -> Ready:
    """A space of topics; simulated users are of the item's topic, or of the next one."""
    topics = np.eye(TOPICS, dtype=np.float32)
    users = topics[np.arange(USERS) % TOPICS]
    warm = np.arange(TOPICS)
    space = PublishedSpace.of_vectors(users, topics, warm)
    shift = 0 if right else 1
    simulated = np.array([[(item + shift) % TOPICS, (item + shift) % TOPICS + TOPICS] for item in items])
    logs = np.full(simulated.shape, np.log(0.1), dtype=np.float32)
    return Ready("ials", space, TopUsers(simulated, logs), np.zeros((len(items), 0), dtype=np.float32))


def drawn(snapshot: Snapshot) -> Revealing:
    held = snapshot.split
    return Revealing.draw(np.concatenate([held.validation.cold, held.test.cold]), size=STEPS[-1], seed=0)


@pytest.mark.parametrize("right", [True, False])
def test_validation_keeps_good_simulated_users_and_drops_wrong_ones(snapshot: Snapshot, right: bool) -> None:
    found = drawn(snapshot)
    task = found.task(np.unique(snapshot.split.validation.cold[:, 1]), n_items=ITEMS)
    trials = list(warming._trials(ready(found.items, right=right), found, task, ColdUpdateConfig()))
    assert len(trials) == len(warming.HALVES_AT) * len(warming.WARM_AT)
    value = {trial.settings["pseudo_halves_at"]: trial.value for trial in trials}
    assert (value[8.0] > value[0.06] + 0.01) == right
    assert (value[0.06] > value[8.0] + 0.01) != right


def test_every_method_is_asked_at_every_step_at_which_it_knows_the_items(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def retrained(inputs: Inputs, kind: str, seed: int, *, further: np.ndarray) -> object:
        trained.append(len(further))
        assert not {tuple(p) for p in further.tolist()} & {tuple(p) for p in found.judged.tolist()}
        rng = np.random.default_rng(0)
        from models.collaborative.embeddings import CollaborativeEmbeddings

        users, items = (rng.standard_normal((n, 3)).astype(np.float32) for n in (USERS, ITEMS))
        return CollaborativeEmbeddings(users, items, np.arange(ITEMS))

    monkeypatch.setattr(Inputs, "vectors", retrained)
    found = drawn(snapshot)
    task = found.task(np.unique(snapshot.split.test.cold[:, 1]), n_items=ITEMS)
    inputs = Inputs(snapshot, tmp_path, language_model=LANGUAGE_MODEL)
    one = ready(found.items, right=False)
    config = ColdUpdateConfig(pseudo_halves_at=0.5)
    figures = warming._figures(inputs, one, found, task, config)
    assert trained == [k * len(found.items) for k in STEPS[1:]]
    steps = {m: [f.revealed for f in figures if (f.method, f.metric) == (m, "ndcg")] for m in warming.METHODS}
    assert {m: tuple(s) for m, s in steps.items()} == {
        m: STEPS if m in ("default", "counted_alike", "pseudo_alone") else STEPS[1:] for m in warming.METHODS
    }
    value = {(f.method, f.revealed): f.value for f in figures if f.metric == "ndcg"}
    assert value["default", 0] == value["counted_alike", 0] == value["pseudo_alone", 3]
    assert value["default", 3] > value["pseudo_alone", 3]  # wrong simulated users, right real ones
    assert value["real_alone", 3] >= value["default", 3]


def test_data_without_enough_interactions_are_refused(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "STEPS", (0, USERS))
    with pytest.raises(InputError, match=f"no cold item has more than {USERS} users"):
        warming_study(choice(world), tmp_path, language_model=LANGUAGE_MODEL)


def test_documents_without_a_place_are_refused_before_anything_is_read(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="benchmark citeulike-warming: made by the command"):
        warming_study(choice(world), tmp_path, docs=tmp_path)


@pytest.mark.slow
def test_the_whole_way_trains_once_and_writes_the_study(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "assets.benchmark.collaborative.collaborative_config",
        lambda kind, seed: IalsConfig(d=8, sweeps=2, regulariser=0.3, seed=seed),
    )
    monkeypatch.setattr(warming, "HALVES_AT", (1.0, 4.0))
    monkeypatch.setattr(warming, "WARM_AT", (3.0,))
    encoder = tiny_encoder(tmp_path / "encoder")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "results.md").write_text("\n".join(markers("citeulike-warming")), encoding="utf-8")
    found = warming_study(choice(world), tmp_path, language_model=encoder, docs=docs)
    assert "### NDCG@20" in (docs / "results.md").read_text(encoding="utf-8")
    assert {one.method for one in found.figures} == set(warming.METHODS)
    assert len(found.trials) == 2
    (kept,) = (tmp_path / "cache").glob("warming-*.npz")
    with np.load(kept) as arrays:
        assert float(arrays["regulariser"]) == 0.3  # under which real users are folded in
    assert {path.name for path in tmp_path.glob("warming.*")} == {"warming.json", "warming.md", "warming.svg"}

    def never(*args: object, **given: object) -> Warming:
        raise AssertionError("trained again")

    monkeypatch.setattr(warming, "_trained", never)
    again = warming_study(choice(world), tmp_path, language_model=encoder)
    assert [replace(one) for one in again.figures] == list(found.figures)
