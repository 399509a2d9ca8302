"""A look at what is published, from the command to the page and to MLflow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import pytest

from assets.mlflow_home import quiet_mlflow
from assets.resources import RegistryResource
from assets.run_lock import held
from assets.watch_history import FORWARD, PAGE, WatchHistory
from data.home import Home
from data.readers.dataset import Dataset, Source
from orchestration.definitions import definitions
from tests.orchestration.worlds import Cli, filled, open_store, publish_all, trained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]

ALWAYS = {  # what can be told of any version, whatever has happened since
    *("users_in_vocabulary", "users_outside", "new_interactions"),
    *("audience_gini_at_20", "audience_share_chosen_at_20", "item_coverage_at_20"),
    *("epc_at_20", "arp_at_20", "aclt_at_20"),
}
FROM_EVENTS = {FORWARD, "forward_users", "popreo_at_20", "weak_users", "forward_hits_of_new_items_at_20"}
FROM_TEXTS = {"text_distance", "unknown_words", "foreign_texts"}


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A home of 60 users with a published version."""
    before = dict(os.environ)
    for name in ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL"):
        os.environ.pop(name, None)
    yield trained(tmp_path_factory.mktemp("watching"))
    os.environ.clear()
    os.environ.update(before)


def in_mlflow(cli: Cli, version: int) -> dict[str, float]:
    """What MLflow knows of the version from the watch, without the prefix."""
    registry = RegistryResource(home=str(cli.home.root)).open()
    client = quiet_mlflow().MlflowClient(f"sqlite:///{cli.home.root / 'mlflow' / 'mlflow.db'}")
    metrics = client.get_run(registry.version(version).run_id).data.metrics
    return {
        name.removeprefix("watch/"): value for name, value in metrics.items() if name.startswith("watch/")
    }


def events_and_texts(cli: Cli) -> None:
    """Sixty items of other words arrive; every known user takes popular items, placed ones, and some of his own."""
    with open_store(cli.home) as store:
        users, items = store.read_published(1)
        table = store.read_items()
        popular = [table.item_ids[at] for at in table.n_events.argsort()[::-1][:20]]
        placed = [item for item, kind in zip(items.item_ids, items.kinds, strict=True) if kind != "warm"]
        own = {
            user: [items.item_ids[(7 * at + n) % len(items)] for n in range(20)]
            for at, user in enumerate(users.user_ids)
        }
        pairs = [(user, item) for user in users.user_ids for item in {*popular, *placed[:10], *own[user]}]
        texts = [f"Zwischen Wasser und Wein {n}" for n in range(60)]
        arrived = Dataset(
            "arrivals",
            items=Source.of_table("items", {"item_id": [f"late-{n}" for n in range(60)], "text": texts}),
            interactions=Source.of_table(
                "events",
                {
                    "user_id": [user for user, _ in pairs],
                    "item_id": [item for _, item in pairs],
                    "time": [int(time.time())] * len(pairs),
                },
            ),
        )
        store.import_dataset(arrived)


def test_the_watch_is_printed_on_one_page_and_with_the_version_in_mlflow(own_home: Cli) -> None:
    folder = own_home.home.artifacts / "watch" / "latest"
    own_home.run("watch")
    first = WatchHistory.load(folder).newest(1)
    assert set(first) >= ALWAYS
    assert not set(first) & (FROM_EVENTS | FROM_TEXTS)
    assert in_mlflow(own_home, 1) == pytest.approx(first)

    events_and_texts(own_home)
    with held(own_home.home, wait_seconds=0):  # as a retrain does
        told = own_home.run("watch")
    looks = WatchHistory.load(folder).of(1)
    assert len(looks) == 2
    assert set(looks[-1].numbers) >= ALWAYS | FROM_EVENTS | FROM_TEXTS
    assert looks[-1].numbers["new_interactions"] > 0
    assert in_mlflow(own_home, 1) == pytest.approx(looks[-1].numbers)
    page = (folder / PAGE).read_text()
    for name in looks[-1].numbers:
        assert f"<code>{name}</code>" in page
        assert name in told
    assert f"page: {folder / PAGE}" in told


def test_of_two_looks_at_once_none_is_lost(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hour's and one by hand, which neither knows of."""
    filled(home)
    publish_all(home)
    monkeypatch.setattr("assets.watching.look", slow_look)

    def look_once(_: int) -> bool:
        with dg.DagsterInstance.ephemeral() as instance:
            return (
                definitions.resolve_job_def("watch_published").execute_in_process(instance=instance).success
            )

    assert look_once(0)  # makes MLflow's database, which two at once cannot
    with ThreadPoolExecutor(2) as both:
        assert all(both.map(look_once, range(2)))
    assert len(WatchHistory.load(home.artifacts / "watch" / "latest").of(1)) == 3


def slow_look(*_: Any, **__: Any) -> dict[str, float]:
    """Numbers that take so long that another look begins meanwhile."""
    time.sleep(3)
    return {"users_outside": 0.0}
