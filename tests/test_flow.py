"""The whole way in one process, from an empty folder to served answers and back; the tests follow each other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa
from rich.console import Console

from assets.gate import unseen_data
from assets.model_version import load_version
from assets.promotion_decision import PromotionDecision
from assets.resources import RegistryResource, StoreResource
from data.home import Home
from data.id_map import IdMap
from data.readers.dataset import Dataset
from data.readers.synthetic import SyntheticWorld
from data.snapshot import Snapshot
from data.store.store import Store
from evaluation.report import Report
from orchestration.jobs import TRAINING
from orchestration.placing import place_items
from orchestration.releases import roll_back
from orchestration.retraining import plan_retrain, retrain_home
from orchestration.sensors import new_users, unplaced_items
from orchestration.settings import Settings
from serving.recommender import nearest_users, published_audience, recommend_items
from serving.store_source import StoreSource
from tests.conftest import BACKENDS
from tests.data.store.worlds import dataset

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]

USERS, LATE_USERS, ITEMS = 300, 60, 900
SETTINGS = (
    "bpr.d=32",
    "filterllm.lora_epochs=0",
    "snapshot.minimum=150",
    "snapshot.holdout=0.15",
    "evaluation.bootstrap=200",
)
QUICK = (  # for a retrain whose outcome does not depend on how good it is
    *("bpr.epochs=2", "tokens.sweeps=1", "filterllm.epochs=1", "filterllm.constant_epochs=0"),
    "evaluation.references=false",
)
AGAIN = ("evaluation.references=false",)


@dataclass
class Way:
    """The home, the world it is filled from, and what was printed."""

    home: Home
    world: SyntheticWorld
    printed: StringIO

    def settings(self, *more: str) -> Settings:
        return Settings.read(self.home, None, [*SETTINGS, *more])

    def retrain(self, *more: str, force: bool = False) -> str:
        """Retrain and return what was printed."""
        return self.told(
            lambda console: retrain_home(self.home, self.settings(*more), console=console, force=force)
        )

    def told(self, act: Callable[[Console], None]) -> str:
        start = self.printed.tell()
        act(Console(file=self.printed, width=500))
        return self.printed.getvalue()[start:]

    def store(self) -> Store:
        return Store.open(self.home.database_url)

    def keys(self) -> list[str]:
        with self.store() as store:
            return [row.key for row in store.snapshots()]

    def folder(self, station: str, key: str) -> Path:
        return self.home.artifacts / station / key

    def published(self) -> int | None:
        with self.store() as store:
            current = store.current_publication()
        return None if current is None else current.version


def part_of(world: SyntheticWorld, users: range) -> Dataset:
    """Some users of the world with everything they ever touched, and all items."""
    chosen = np.isin(world.pairs[:, 0], np.array(users))
    events = [
        (world.user_ids[user], world.item_ids[item], time, 1.0)
        for (user, item), time in zip(world.pairs[chosen], world.times[chosen].tolist(), strict=True)
    ]
    titles = dict(zip(world.item_ids, world.titles, strict=True))
    return dataset(world.user_ids[users.start : users.stop], titles, events)


URLS = {  # and a table that no longer is empty after a run
    "COLDCAST_DATABASE_URL": "coldcast.model_versions",
    "COLDCAST_MLFLOW_URL": "model_versions",
    "COLDCAST_DAGSTER_URL": "runs",
}


@pytest.fixture(scope="module", params=BACKENDS)
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """An empty home whose store holds the world without its last sixty users; all in files, or on PostgreSQL."""
    before = dict(os.environ)
    for name in URLS:
        os.environ.pop(name, None)
        if request.param == "postgresql":
            os.environ[name] = request.getfixturevalue("postgres_server").create_database()
    home = Home.resolve(tmp_path_factory.mktemp("way") / "home").create()
    os.environ["COLDCAST_HOME"] = str(home.root)
    world = SyntheticWorld.create(USERS, ITEMS, n_interactions=22_000, seed=0)
    world.save(home.root)
    with Store.open(home.database_url) as store:
        store.import_dataset(part_of(world, range(USERS - LATE_USERS)))
    yield Way(home, world, StringIO())
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def first(way: Way) -> str:
    """What the first retrain printed; without a first version there is no way on."""
    told = way.retrain()
    assert way.published() == 1, told
    return told


def test_the_first_version_is_promoted_and_published(way: Way, first: str) -> None:
    assert first.startswith("new content ")
    assert "version 1: promoted: there is no champion yet and version 1 beats the TF-IDF" in first
    assert way.published() == 1
    champion = RegistryResource(home=str(way.home.root)).open().champion()
    assert champion is not None
    assert champion.version == 1
    assert champion.decision == "promoted"


def test_store_mlflow_and_dagster_lie_where_their_urls_say(way: Way, first: str) -> None:
    files = {path.relative_to(way.home.root).parts[0] for path in way.home.root.rglob("*.db")}
    urls = {sa.make_url(os.environ[name]): table for name, table in URLS.items() if name in os.environ}
    assert files == (set() if urls else {"coldcast.db", "mlflow", "dagster"})
    assert len({(url.host, url.port) for url in urls}) == len(urls) / 3  # one server holds all
    for url, table in urls.items():
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() > 0


def test_every_station_left_a_whole_artefact_with_its_record(way: Way, first: str) -> None:
    (key,) = way.keys()
    for station in TRAINING:
        record = json.loads((way.folder(station, key) / "record.json").read_text())
        assert record["station"] == station
        assert record["ended"] > record["started"] > 0
    snapshot = Snapshot.load(way.folder("interaction_snapshot", key))
    assert snapshot.n_users == USERS - LATE_USERS
    assert snapshot.n_items == ITEMS
    assert snapshot.content_hash.startswith(key.partition("-")[2])


def test_filterllm_lies_strictly_between_ridge_and_oracle(way: Way, first: str) -> None:
    report = Report.load(way.folder("evaluation_report", way.keys()[0]))

    def cold_recall(model: str) -> float:
        where = {"side": "user", "setting": "cold", "phase": "test", "evaluator": "B"}
        row = report.find(model=model, metric="recall", k=20, **where)
        assert row is not None, model
        return row.value

    chance, ridge, ours, oracle = map(cold_recall, ("chance", "ridge", "filterllm", "oracle"))
    assert chance < ridge < ours < oracle
    assert ours > 1.3 * chance


def test_every_item_and_every_user_has_a_vector_of_the_published_version(way: Way, first: str) -> None:
    with way.store() as store:
        users, items = store.read_published(1)
        audiences = store.read_audiences(1)
        assert len(store.items_to_place(1)) == 0
    snapshot = Snapshot.load(way.folder("interaction_snapshot", way.keys()[0]))
    assert set(users.user_ids) == set(snapshot.users.ids)
    assert set(items.item_ids) == set(way.world.item_ids)
    kinds = dict(zip(*np.unique(np.asarray(items.kinds, dtype=str), return_counts=True), strict=True))
    assert kinds == {
        "warm": len(snapshot.split.warm_items),
        "held_out": ITEMS - len(snapshot.split.warm_items),
    }
    assert np.isfinite(items.vectors).all()
    norms = np.linalg.norm(items.vectors, axis=1)
    assert norms.min() > 0
    probabilities: dict[str, float] = {}
    for item, log_probability in zip(audiences.item_ids, audiences.log_probabilities, strict=True):
        probabilities[item] = probabilities.get(item, 0.0) + float(np.exp(log_probability))
    assert set(probabilities) == set(items.item_ids[np.asarray(items.kinds) == "held_out"])
    assert max(probabilities.values()) <= 1 + 1e-3
    assert min(probabilities.values()) > 100 / (USERS - LATE_USERS) * 0.9  # above what 100 random users hold


def test_served_answers_are_of_the_published_version(way: Way, first: str) -> None:
    source = StoreSource.open(way.home.database_url)
    edition = source.current_edition()
    assert edition is not None
    assert edition.version == 1
    space = source.read_space(edition.version)
    user = way.world.user_ids[0]
    seen = source.items_of(user)
    answered = recommend_items(space, user, k=10, seen=seen)
    assert len({one.id for one in answered} - set(seen)) == 10
    row = space.item_row(answered[0].id)
    assert answered[0].score == pytest.approx(
        float(space.users[space.user_row(user)] @ space.items[row]), rel=1e-5
    )
    with way.store() as store:
        item = str(store.read_audiences(1).item_ids[0])
    users = published_audience(source.audience_of(1, item), k=5)
    assert [one.score for one in users] == sorted((one.score for one in users), reverse=True)
    assert len(nearest_users(space, item, k=5)) == 5
    source.close()


def test_a_second_retrain_finds_nothing_new(way: Way, first: str) -> None:
    told = way.retrain()
    assert told.startswith(f"no new data since snapshot {way.keys()[0]}")
    assert len(way.keys()) == 1


@pytest.fixture(scope="module")
def forced(way: Way, first: str) -> str:
    """What the retrain of unchanged data printed."""
    return way.retrain(*QUICK, force=True)


def test_a_forced_retrain_has_the_same_hash_and_is_not_promoted(way: Way, forced: str) -> None:
    one, two = way.keys()
    snapshots = [Snapshot.load(way.folder("interaction_snapshot", key)) for key in (one, two)]
    assert snapshots[0].content_hash == snapshots[1].content_hash
    assert "version 2: refused: version 2 and version 1 were trained on the same snapshot" in forced
    assert way.published() == 1
    refused = RegistryResource(home=str(way.home.root)).open().version(2)
    assert refused.decision == "refused"
    assert "same snapshot" in refused.reason


@pytest.fixture(scope="module")
def placed(way: Way, forced: str) -> dict[str, str]:
    """Titles that arrived without interactions and were placed."""
    titles = {f"new-{at}": title for at, title in enumerate(way.world.new_titles(5))}
    with way.store() as store:
        store.import_dataset(dataset(items=titles))
        assert store.items_to_place(1).item_ids.tolist() == list(titles)
    place_items(way.home, way.settings(), console=Console(file=way.printed))
    return titles


def test_new_items_are_placed_by_the_published_version(way: Way, placed: dict[str, str]) -> None:
    with way.store() as store:
        _, items = store.read_published(1)
        assert len(store.items_to_place(1)) == 0
        audiences = store.read_audiences(1, list(placed))
    kinds = dict(zip(items.item_ids.tolist(), items.kinds, strict=True))
    assert {kinds[item] for item in placed} == {"cold"}
    shares = []
    for item, title in placed.items():
        truth = dict(zip(way.world.user_ids, way.world.true_probability_of(title), strict=True))
        shares.append(sum(truth[user] for user in audiences.user_ids[audiences.item_ids == item][:20]))
    assert (
        np.mean(shares) > 1.5 * 20 / USERS
    )  # the named users hold more of the true audience than chance gives


def test_a_new_text_is_placed_again_and_nothing_else_is(way: Way, placed: dict[str, str]) -> None:
    with way.store() as store:
        _, before = store.read_published(1)
        store.import_dataset(dataset(items={"new-0": way.world.new_titles(1)[0]}))
        assert store.items_to_place(1).item_ids.tolist() == ["new-0"]
    place_items(way.home, way.settings(), console=Console(file=way.printed))
    with way.store() as store:
        _, after = store.read_published(1)
        assert len(store.items_to_place(1)) == 0
    assert before.item_ids.tolist() == after.item_ids.tolist()
    moved = np.flatnonzero((before.vectors != after.vectors).any(axis=1))
    assert before.item_ids[moved].tolist() == ["new-0"]


def test_sensors_ask_for_nothing_yet(way: Way, placed: dict[str, str]) -> None:
    assert isinstance(tick(new_users), dg.SkipReason)
    assert isinstance(tick(unplaced_items), dg.SkipReason)


def tick(sensor: dg.SensorDefinition) -> object:
    """Evaluate a sensor with an empty history."""
    with (
        dg.instance_for_test() as instance,
        dg.build_sensor_context(instance=instance, resources={"store": StoreResource()}) as context,
    ):
        result = sensor(context)
        return next(result) if isinstance(result, Iterator) else result


@pytest.fixture(scope="module")
def grown(way: Way, placed: dict[str, str]) -> str:
    """What the retrain printed that the sensor asked for when sixty users had arrived."""
    with way.store() as store:
        store.import_dataset(part_of(way.world, range(USERS - LATE_USERS, USERS)))
    way.home.config_file.write_text("\n".join(_sections(SETTINGS)))
    asked = tick(new_users)
    assert isinstance(asked, dg.SensorResult), asked
    (request,) = asked.run_requests or []
    told = way.retrain(*AGAIN)
    assert way.keys()[-1] == request.partition_key
    return told


def _sections(assignments: tuple[str, ...]) -> list[str]:
    """Assignments as lines of a settings file."""
    lines: list[str] = []
    for section in dict.fromkeys(one.partition(".")[0] for one in assignments):
        own = [
            one.partition(".")[2].replace("=", ": ") for one in assignments if one.startswith(f"{section}.")
        ]
        lines.append(f"{section}: {{{', '.join(own)}}}")
    return lines


def test_the_grown_store_gives_a_version_that_covers_the_new_users(way: Way, grown: str) -> None:
    decision = PromotionDecision.load(way.folder("promotion", way.keys()[-1]))
    assert decision.promote, decision.reason
    assert (decision.version, decision.champion) == (3, 1)
    assert decision.numbers["challenger_users"] == USERS
    assert decision.numbers["champion_users"] == USERS - LATE_USERS
    assert way.published() == 3
    with way.store() as store:
        users, items = store.read_published(3)
        assert len(store.items_to_place(3)) == 0
    assert set(users.user_ids) == set(way.world.user_ids)
    assert len(items) == ITEMS + 5


def test_pseudo_interactions_never_enter_a_snapshot(way: Way, grown: str) -> None:
    snapshot = Snapshot.load(way.folder("interaction_snapshot", way.keys()[-1]))
    with way.store() as store:
        events = store.read_events(store.watermark())
    assert len(snapshot.interactions.pairs) == len(way.world.pairs) == len(events.item_keys)
    new = snapshot.items.index_of([f"new-{at}" for at in range(5)])
    assert not np.isin(snapshot.interactions.pairs[:, 1], new).any()


def test_the_gate_looks_only_at_items_that_neither_has_trained_on(way: Way, grown: str) -> None:
    registry = RegistryResource(home=str(way.home.root))
    snapshot = Snapshot.load(way.folder("interaction_snapshot", way.keys()[-1]))
    challenger, champion = (load_version(registry.open(), at, cache=registry.cache()) for at in (3, 1))
    honest = unseen_data(snapshot, [challenger, champion])
    item = int(honest.cold_validation_items[0])
    planted = replace(
        champion, warm_items=IdMap([*champion.warm_items.ids, *snapshot.items.ids_of(np.array([item]))])
    )
    judged = unseen_data(snapshot, [challenger, planted])
    assert item in honest.cold_validation[:, 1]
    assert item not in judged.cold_validation[:, 1]
    assert item not in judged.cold_validation_items
    assert set(honest.cold_validation_items) - set(judged.cold_validation_items) == {item}
    assert np.array_equal(judged.cold_test, honest.cold_test)


def test_a_rollback_brings_the_version_before_back_whole(way: Way, grown: str) -> None:
    with way.store() as store:
        _, before = store.read_published(1)
    told = way.told(lambda console: roll_back(way.home, reason="as a test", console=console))
    assert "version 1 is published again" in told
    with way.store() as store:
        current = store.current_publication()
        _, after = store.read_published(1)
        entry = store.publication_log()[-1]
    assert current is not None
    assert current.version == 1
    assert np.array_equal(before.vectors, after.vectors)
    assert (entry.action, entry.version, entry.reason) == ("rollback", 1, "as a test")
    registry = RegistryResource(home=str(way.home.root)).open()
    champion = registry.champion()
    assert champion is not None
    assert champion.version == 1
    assert registry.version(3).decision == "rolled back"


def test_after_the_rollback_nothing_is_trained_again(way: Way, grown: str) -> None:
    assert plan_retrain(way.home, way.settings()).stations == ()
