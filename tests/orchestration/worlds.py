"""A store that is published without any training, and runs that nobody ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import dagster as dg
import numpy as np
from click.testing import CliRunner, Result

from data.home import Home
from data.readers.dataset import Dataset, Source
from data.readers.synthetic import SyntheticWorld
from data.store.publication import ModelVersion
from data.store.store import Store
from data.store.vectors import NO_AUDIENCES, ItemVectors, UserVectors
from orchestration.requests import DATA_TAG, TRIGGER_TAG

USERS = 40
ITEMS = 60


def open_store(home: Home) -> Store:
    """The store of a home."""
    return Store.open(home.create().database_url)


def filled(home: Home) -> SyntheticWorld:
    """Import a world of 40 users and 60 items, everybody with events."""
    world = SyntheticWorld.create(USERS, ITEMS, n_topics=4, n_interactions=900, seed=1)
    with open_store(home) as store:
        store.import_dataset(world.dataset())
    return world


def publish_all(home: Home, version: int = 1, *, leave_out: Sequence[str] = ()) -> None:
    """Publish vectors of every user and item there is, but for those left out."""
    with open_store(home) as store:
        users, items = store.read_users(), store.read_items()
        inside = [user for user in users.user_ids.tolist() if user not in leave_out]
        kept = [at for at, item in enumerate(items.item_ids) if item not in leave_out]
        vectors = ItemVectors(
            items.item_ids[kept],
            ["cold"] * len(kept),
            items.text_hashes[kept],
            np.ones((len(kept), 2), dtype=np.float32),
            items.n_events[kept],
        )
        user_vectors = UserVectors(inside, np.ones((len(inside), 2), dtype=np.float32))
        model = ModelVersion(version, "000001-hand", "hand", user_vectors, vectors, NO_AUDIENCES)
        store.publish(model, reason="made by hand")


def arrive(home: Home, *users: str, events: int = 3) -> None:
    """New users, each with events on the first items."""
    rows = [(user, f"item-{at:05d}") for user in users for at in range(events)]
    columns = list(zip(*rows, strict=True)) if rows else [(), ()]
    arrivals = Dataset(
        "arrivals",
        users=Source.of_table("users", {"user_id": list(users)}),
        interactions=Source.of_table("events", {"user_id": list(columns[0]), "item_id": list(columns[1])}),
    )
    with open_store(home) as store:
        store.import_dataset(arrivals)


def add_items(home: Home, **texts: str) -> None:
    """New items, or new texts of known ones; hyphens in ids are written as underscores."""
    ids = [name.replace("_", "-") for name in texts]
    items = Source.of_table("items", {"item_id": ids, "text": list(texts.values())})
    with open_store(home) as store:
        store.import_dataset(Dataset("new items", items=items))


def past_run(
    instance: dg.DagsterInstance,
    job: str,
    status: dg.DagsterRunStatus,
    *,
    data: str = "",
    trigger: str = "new users",
    tags: dict[str, str] | None = None,
) -> dg.DagsterRun:
    """Enter a run into Dagster's history."""
    own = {DATA_TAG: data, TRIGGER_TAG: trigger, **(tags or {})}
    return instance.add_run(dg.DagsterRun(job_name=job, run_id=str(uuid4()), status=status, tags=own))


@dataclass(frozen=True)
class Cli:
    """The command line on one home."""

    home: Home
    settings: tuple[str, ...] = ()

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command, compare its exit code, return everything it printed with single spaces."""
        result = self.result(*words)
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return " ".join(result.output.split())

    def result(self, *words: str) -> Result:
        """Run a command; ``retrain`` gets this home's settings."""
        from orchestration.cli import main

        given = [word for setting in self.settings for word in ("--set", setting)]
        more = given if words[0] == "retrain" else []
        return CliRunner().invoke(main, ["--home", str(self.home.root), *words, *more])


def untouched(made: Cli) -> Path:
    """Where the copy of a home lies that was taken when it was made."""
    return made.home.root.with_name("untouched")


def trained(folder: Path, *words: str) -> Cli:
    """Make a home of 60 users and 200 items with a published version 1; a language model of two layers.

    Words are further options of the retrain.
    """
    from tests.fakes import tiny_encoder

    home = Home.resolve(folder / "home", {}).create()
    world = SyntheticWorld.create(60, 200, n_topics=4, n_interactions=2500, seed=1)
    with open_store(home) as store:
        store.import_dataset(world.dataset())
    cli = Cli(
        home,
        (
            f"filterllm.language_model={tiny_encoder(folder / 'encoder')}",
            "filterllm.epochs=1",
            "filterllm.constant_epochs=0",
            "filterllm.lora_epochs=0",
            "bpr.d=8",
            "bpr.epochs=1",
            "tokens.d=8",
            "tokens.sweeps=1",
            "evaluation.references=false",
            "evaluation.bootstrap=100",
            "snapshot.minimum=20",
            "snapshot.holdout=0.1",
        ),
    )
    cli.run("retrain", *words)
    cli.run("promote", "1", "--force", "--reason", "there must be one")
    return cli
