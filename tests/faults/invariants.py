"""What must hold of a home at any moment, whatever has struck it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from assets.promotion_decision import PromotionDecision
from data.store.store import Store
from orchestration.artifact_folder import check_artifact
from tests.faults.chaos_replay import NEWEST, Event, Step
from tests.faults.homes import artefacts


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

    def named(self, step: Step) -> Step:
        """A step whose words name the version that the newest retrain has registered."""
        if NEWEST not in step.words:
            return step
        folder = max((self.home / "artifacts" / "promotion").glob("[!.]*"))
        newest = str(PromotionDecision.load(folder).version)
        return replace(step, words=tuple(newest if word == NEWEST else word for word in step.words))

    def _look_at_events(self, store: Store, allowed: Sequence[frozenset[Event]]) -> None:
        world = store.read_world()
        users, items = world.users, world.items
        pairs, times = world.event_pairs(), world.events.times.tolist()
        held = [
            (users.user_ids[u], items.item_ids[i], t) for (u, i), t in zip(pairs.tolist(), times, strict=True)
        ]
        assert len(held) == len(set(held)), "an interaction is there twice"
        expected = [len(one) for one in allowed]
        assert frozenset(held) in allowed, f"{len(held)} interactions, expected {expected}"
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
        folded_in = store.read_provisional(current.version)  # refuses a user who is there twice
        assert not set(folded_in.user_ids) & set(users.user_ids)


@dataclass(frozen=True)
class Keepsake:
    """A home as it was at one moment, to be put back as often as needed.

    Args:
        life: The home.
        copy: Where its copy lies.
        versions: What had been seen of it.
    """

    life: Life
    copy: Path
    versions: dict[int, str]

    @classmethod
    def of(cls, life: Life) -> Keepsake:
        """Copy a home in which nothing runs; an earlier copy gives way."""
        copy = life.home.with_name(f"{life.home.name}.kept")
        shutil.rmtree(copy, ignore_errors=True)
        if life.home.exists():
            shutil.copytree(life.home, copy, symlinks=True)
        return cls(life, copy, dict(life.versions))

    def put_back(self) -> None:
        """Let the home be as it was."""
        shutil.rmtree(self.life.home, ignore_errors=True)
        if self.copy.exists():
            shutil.copytree(self.copy, self.life.home, symlinks=True)
        self.life.versions = dict(self.versions)
