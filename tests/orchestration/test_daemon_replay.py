"""A replay through the real daemon: what its sensors decide, step by step, is what the replay in process decides."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa
import yaml

from assets.promotion_decision import PromotionDecision
from assets.replay.run import ReplayRequest, run_replay
from assets.replay.settings import ReplaySettings
from assets.replay.source import Clock, synthetic_source
from assets.retrain_rule import RetrainRule
from data.home import Home
from data.readers.dataset import Dataset, Source
from data.store.connection import writing
from data.store.importing import ImportOptions, import_into
from data.store.store import Store
from data.tables import model_versions
from data.timeline import Timeline
from evaluation.gate import TOLERATED_LOSS
from orchestration.requests import DATA_TAG, FIRED_TAG
from tests.conftest import BACKENDS
from tests.fakes import tiny_encoder
from tests.orchestration.daemon import daemon, retrain_asked_for
from tests.orchestration.worlds import Cli

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

DAY = 86_400
WORLDS = 16
STEPS = 6  # the first version, and five decisions
NEVER = "0 0 29 2 *"  # the schedules have no part in it
RULE = RetrainRule(
    users=1000,
    share=0.2,
    age_days=80,
    traffic=1.0,
    forward_drop=1.0,
    cool_down_minutes=0,
    tick_seconds=3,
    nightly=NEVER,
    watch=NEVER,
)
CLEAR = 0.01
"""A store appends users who come into the vocabulary late, the replay has all in the order of their arrival: figures
differ in the third digit, so a world is taken whose decisions are so far from hanging on it."""
SETTINGS = ReplaySettings(
    d=8,
    sweeps=2,
    regulariser=0.5,
    epochs=1,
    mapper_width=16,
    text_size=16,
    landmarks=64,
    width=16,
    minimum=60,
    holdout=0.15,
)
URLS = ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL")


class Decided(NamedTuple):
    """What came of a step.

    Attributes:
        fired: Names of the thresholds that were reached.
        told: The numbers with which nothing was asked for, or how many users the gate asked.
        promoted: None where nothing was asked for.
    """

    fired: tuple[str, ...]
    told: str
    promoted: bool | None


class InProcess(NamedTuple):
    """A replay in process, and what came of each step after the first version."""

    request: ReplayRequest
    expected: list[Decided]


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """The first world with every kind of decision, each a clear one: what a gate says of so small ones is luck.

    The first decision is to train: the replay's other policies train at every step, and what a new version has to be
    trained on is counted from the last one that anybody trained.
    """
    folder = tmp_path_factory.mktemp("in-process")
    encoder = tiny_encoder(folder / "encoder")
    for seed in range(WORLDS):
        request = ReplayRequest(
            synthetic_source(users=150, items=300, interactions=4000, drift=0.5, newcomers=0.5, seed=seed),
            folder / f"out-{seed}",
            step=35 * DAY,
            history=0.3,
            steps=STEPS,
            settings=replace(SETTINGS, language_model=encoder),
            rule=RULE,
        )
        steps = run_replay(request).of("loop")[1:]
        expected = [
            Decided(one.fired, _judges(one.gate) if one.trained else _numbers(one.rule), one.promoted)
            for one in steps
        ]
        kinds = {one.promoted for one in expected}
        clear = all(_clear(one.gate) for one in steps if one.trained)
        if kinds == {None, False, True} and expected[0].promoted is not None and clear:
            return InProcess(request, expected)
    pytest.fail(f"none of {WORLDS} worlds shows every kind of decision, each a clear one: widen RULE")


@pytest.fixture(params=BACKENDS)
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home; all in files, or on PostgreSQL."""
    for name in URLS:
        monkeypatch.delenv(name, raising=False)
        if request.param == "postgresql":
            monkeypatch.setenv(name, request.getfixturevalue("postgres_server").create_database())
    return Home.resolve(tmp_path / "home").create()


def write_settings(home: Home, settings: ReplaySettings) -> None:
    """What a retrain of the replay is made with, as a home's own settings."""
    sections = {
        "bpr": {"d": 8, "epochs": 1},
        "tokens": asdict(settings.tokens()),
        "filterllm": asdict(settings.filterllm()),
        "placement": asdict(settings.placement()),
        "snapshot": asdict(settings.split()),
        "evaluation": {"references": False, "bootstrap": 100},
        "sensors": asdict(RULE),
    }
    home.config_file.write_text(yaml.safe_dump(sections))


def arrivals(timeline: Timeline, since: int, until: int) -> Dataset:
    """What arrives in a stretch of time, in its order."""
    users = slice(timeline.users_at(since), timeline.users_at(until))
    items = slice(timeline.items_at(since), timeline.items_at(until))
    begin, end = np.searchsorted(timeline.times, [since, until])
    pairs = timeline.pairs[begin:end]
    return Dataset(
        "a step",
        users=Source.of_table(
            "users", {"user_id": timeline.users.ids[users], "created_at": timeline.user_arrivals[users]}
        ),
        items=Source.of_table(
            "items",
            {
                "item_id": timeline.items.ids[items],
                "text": timeline.texts[items],
                "created_at": timeline.item_arrivals[items],
            },
        ),
        interactions=Source.of_table(
            "events",
            {
                "user_id": timeline.users.ids[pairs[:, 0]],
                "item_id": timeline.items.ids[pairs[:, 1]],
                "time": timeline.times[begin:end],
                "weight": timeline.weights[begin:end],
            },
        ),
    )


def let_pass(home: Home, timeline: Timeline, *, since: int, until: int) -> None:
    """Time goes by: what has happened is there, and every version is so much older; no tick sees the one alone."""
    with Store.open(home.database_url) as store, writing(store.engine) as connection:
        import_into(connection, arrivals(timeline, since, until), ImportOptions(False, 10_000, until))
        older = model_versions.c.created_at - (until - since)
        connection.execute(sa.update(model_versions).values(created_at=older))


def decided_by(home: Home, asked: dg.DagsterRun | str) -> Decided:
    """What the daemon decided, as the replay tells it."""
    if isinstance(asked, str):
        return Decided((), _numbers(asked), None)
    assert asked.status is dg.DagsterRunStatus.SUCCESS, asked
    gate = PromotionDecision.load(home.artifacts / "promotion" / asked.tags[DATA_TAG])
    return Decided(tuple(asked.tags[FIRED_TAG].split(", ")), _judges(gate.reason), gate.promote)


def _numbers(message: str) -> str:
    """The rule's numbers but for the age, which has some seconds more in the daemon, and what nobody measured."""
    return message.partition("; the version is")[0]


def _judges(reason: str) -> str:
    """How many users the gate asked; what they saw hangs a little on the users' order, which a store keeps."""
    (found,) = re.findall(r"over \d+ users", reason)
    return str(found)


def _clear(reason: str) -> bool:
    """Whether no bound that the gate looks at is within CLEAR of turning its decision."""
    asked = re.search(r"against ([\d.]+) of .*?interval ([-+.\d]+) to", reason)
    if asked is None or "neither better" in reason or "worse audiences" in reason:
        return False
    champion, low = (float(one) for one in asked.groups())
    audience = re.search(r"audience NDCG@20 .*? to ([-+.\d]+)\)", reason)
    margins = [low + TOLERATED_LOSS * champion] + ([float(audience[1])] if audience else [])
    return all(abs(one) > CLEAR for one in margins)


def test_the_daemon_decides_as_the_replay_does(home: Home, in_process: InProcess, tmp_path: Path) -> None:
    request = in_process.request
    timeline = request.source.timeline()
    clock = Clock.over(timeline, step=request.step, history=request.history, steps=STEPS)
    write_settings(home, request.settings)
    let_pass(home, timeline, since=0, until=clock.time(0))
    cli = Cli(home)
    cli.run("retrain")
    cli.run("promote", "1", "--force", "--reason", "a replay begins with a version")
    found = []
    with daemon(home, tmp_path / "daemon.log") as instance:
        known = {run.run_id for run in instance.get_runs(dg.RunsFilter(job_name="retrain"))}
        for step in range(1, STEPS):
            let_pass(home, timeline, since=clock.time(step - 1), until=clock.time(step))
            asked = retrain_asked_for(instance, known)
            known |= {asked.run_id} if isinstance(asked, dg.DagsterRun) else set()
            found.append(decided_by(home, asked))
    assert found == in_process.expected
