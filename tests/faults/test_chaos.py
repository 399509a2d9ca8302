"""A short life of a home, struck with kill -9 at random moments, and looked at after each.

``COLDCAST_KILLS`` says how often, ``COLDCAST_CHAOS_SEED`` draws the moments. Each round is a new home: users and items
arrive, a version is trained and published, more arrive, items are placed, and the next version is trained.
"""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from data.readers.synthetic import SyntheticWorld
from data.store.store import Store
from orchestration.artifact_folder import check_artifact
from tests.fakes import tiny_encoder
from tests.faults import chaos_child
from tests.faults.homes import artefacts

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

LIVES = 2  # lived side by side, where there are two workers; each takes its share of the kills
KILLS = -(-int(os.environ.get("COLDCAST_KILLS", "60")) // LIVES)
SEED = int(os.environ.get("COLDCAST_CHAOS_SEED", "0"))
KILLS_A_STEP = 8  # then the step may come to its end
PATIENCE_SECONDS = 600.0
FIRST_GUESS_SECONDS = {"import": 3.0, "retrain": 20.0, "promote": 6.0, "place": 6.0}  # before one has ended
Event = tuple[str, str, int]
SETTINGS = (
    *(
        "filterllm.epochs=1",
        "filterllm.constant_epochs=0",
        "filterllm.lora_epochs=0",
        "bpr.d=8",
        "bpr.epochs=1",
    ),
    *("tokens.d=8", "tokens.sweeps=1", "evaluation.references=false", "evaluation.bootstrap=100"),
    *("snapshot.minimum=20", "snapshot.holdout=0.1"),
)


@dataclass(frozen=True)
class Step:
    """A command, and the events that the store holds when it has ended."""

    words: tuple[str, ...]
    events: frozenset[Event]


@dataclass
class Life:
    """One home and what has been seen of it.

    Args:
        home: Its folder.
        versions: A digest of the user vectors of every version seen published; they may never change.
    """

    home: Path
    versions: dict[int, str] = field(default_factory=dict)

    def look(self, allowed: Sequence[frozenset[Event]]) -> None:
        """Nothing lost, nothing doubled, nothing half-written; one whole version published, or none."""
        database = self.home / "coldcast.db"
        if database.exists():
            with Store.open(f"sqlite:///{database}") as store:
                self._look_at_events(store, allowed)
                self._look_at_publication(store)
        for folder in artefacts(self.home):
            check_artifact(folder)

    def _look_at_events(self, store: Store, allowed: Sequence[frozenset[Event]]) -> None:
        world = store.read_world()
        users, items = world.users, world.items
        pairs, times = world.event_pairs(), world.events.times.tolist()
        held = [
            (users.user_ids[u], items.item_ids[i], t) for (u, i), t in zip(pairs.tolist(), times, strict=True)
        ]
        assert len(held) == len(set(held)), "an interaction is there twice"
        assert frozenset(held) in allowed, (
            f"{len(held)} interactions, expected {[len(one) for one in allowed]}"
        )
        assert users.n_events.tolist() == np.bincount(pairs[:, 0], minlength=len(users.user_ids)).tolist()
        assert items.n_events.tolist() == np.bincount(pairs[:, 1], minlength=len(items)).tolist()
        sequence = [row.key for row in store.snapshots()]
        assert len(sequence) == len(set(sequence))

    def _look_at_publication(self, store: Store) -> None:
        current = store.current_publication()
        if current is None:
            assert store.model_versions() == []
            return
        users, items = store.read_published(current.version)
        assert len(users) > 0
        assert len(items) > 0
        assert current.version in {row.version for row in store.model_versions()}
        ids = "\n".join(users.user_ids).encode()
        seen = hashlib.sha256(ids + users.vectors.tobytes()).hexdigest()
        assert self.versions.setdefault(current.version, seen) == seen, "a published version changed"
        assert store.publication_log()[-1].version == current.version


@dataclass
class Striker:
    """Starts commands and kills them at random moments.

    Args:
        generator: Draws the moments.
        logs: Folder of what the commands say.
    """

    generator: np.random.Generator
    logs: Path
    kills: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.faults.preloaded"])

    def live(self, life: Life, steps: Sequence[Step]) -> None:
        """Take a home through its steps, struck on the way."""
        before: frozenset[Event] = frozenset()
        for step in steps:
            for _ in range(KILLS_A_STEP):
                if not self._struck(life, step):
                    break
                life.look([before, step.events])
            else:
                self.run(life, step)
            life.look([step.events])
            before = step.events

    def _struck(self, life: Life, step: Step) -> bool:
        """Start a step and kill it at a random moment; False if it had ended by then."""
        if self.kills.total() >= KILLS:
            self.run(life, step)
            return False
        name = step.words[0]
        process, log, begun = self._start(life, step)
        process.join(self.generator.uniform(0, self.seconds.get(name, FIRST_GUESS_SECONDS[name])))
        if process.exitcode is None:
            _kill(process.pid)
            process.join(PATIENCE_SECONDS)
        if process.exitcode == -signal.SIGKILL:
            self.kills[name] += 1
            return True
        self._ended(process.exitcode, log, name, begun)
        return False

    def run(self, life: Life, step: Step) -> None:
        """Let a step come to its end, which must be a good one."""
        process, log, begun = self._start(life, step)
        process.join(PATIENCE_SECONDS)
        self._ended(process.exitcode, log, step.words[0], begun)

    def _start(self, life: Life, step: Step) -> tuple[multiprocessing.process.BaseProcess, Path, float]:
        log = self.logs / f"{life.home.name}-{time.monotonic_ns()}.log"
        arguments = ["--home", str(life.home), *step.words]
        process = self.context.Process(target=chaos_child.run, args=(arguments, str(log)))
        process.start()
        return process, log, time.monotonic()

    def _ended(self, code: int | None, log: Path, name: str, begun: float) -> None:
        said = log.read_text() if log.exists() else ""
        assert code == 0, f"{name} ended with {code}: {said[-4000:]}"
        self.seconds[name] = max(self.seconds.get(name, 0.0), time.monotonic() - begun)

    def check_registry(self, life: Life) -> None:
        """MLflow and Dagster agree with the store."""
        log = self.logs / "registry.log"
        process = self.context.Process(target=chaos_child.check_registry, args=(str(life.home), str(log)))
        process.start()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0, log.read_text()[-4000:]


def _kill(pid: int | None) -> None:
    assert pid is not None
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not got a group of its own yet
        os.kill(pid, signal.SIGKILL)


def _write(file: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def a_life(folder: Path, language_model: str, *, seed: int) -> list[Step]:
    """The files of one home, and its steps."""
    folder.mkdir()
    world = SyntheticWorld.create(60, 200, n_topics=4, n_interactions=2500, seed=seed)
    order = np.argsort(world.times, kind="stable")
    events = [
        (world.user_ids[u], world.item_ids[i], int(t))
        for (u, i), t in zip(world.pairs[order].tolist(), world.times[order].tolist(), strict=True)
    ]
    cut = len(events) * 4 // 5
    new = [(f"new-{n}", title) for n, title in enumerate(world.new_titles(9))]
    _write(folder / "items.csv", ("item_id", "text"), zip(world.item_ids, world.titles, strict=True))
    _write(folder / "new.csv", ("item_id", "text"), new)
    _write(folder / "early.csv", ("user_id", "item_id", "time"), events[:cut])
    _write(folder / "late.csv", ("user_id", "item_id", "time"), events)  # brings the early ones again
    early, late = frozenset(events[:cut]), frozenset(events)
    assignments = [*SETTINGS, f"filterllm.language_model={language_model}"]
    settings = tuple(word for one in assignments for word in ("--set", one))

    def imported(items: str, happened: str) -> tuple[str, ...]:
        files = ("--items", str(folder / items), "--interactions", str(folder / happened))
        return ("import", "files", *files, "--create-unknown")

    return [
        Step(imported("items.csv", "early.csv"), early),
        Step(("retrain", *settings), early),
        Step(("promote", "1", "--force", "--reason", "there must be one"), early),
        Step(imported("new.csv", "late.csv"), late),
        Step(("place",), late),
        Step(("retrain", *settings), late),
        Step(("promote", "2", "--force", "--reason", "the next one"), late),
        Step(("promote", "1", "--force", "--reason", "back again"), late),
        Step(("retrain", *settings), late),  # nothing is left to do
    ]


@pytest.mark.parametrize("which", range(LIVES))
def test_a_life_struck_at_random_moments_loses_nothing(tmp_path: Path, which: int) -> None:
    language_model = tiny_encoder(tmp_path / "encoder")
    striker = Striker(np.random.default_rng([SEED, which]), tmp_path)
    rounds = 0
    while striker.kills.total() < KILLS or rounds == 0:
        life = Life(tmp_path / f"home-{rounds}")
        striker.live(
            life,
            a_life(tmp_path / f"files-{rounds}", language_model, seed=1000 * SEED + LIVES * rounds + which),
        )
        striker.check_registry(life)
        rounds += 1
        print(f"round {rounds}: {dict(striker.kills)} kills, {striker.seconds}")
    assert striker.kills.total() >= KILLS
