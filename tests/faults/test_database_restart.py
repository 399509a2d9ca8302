"""PostgreSQL crashes and comes back in the middle of an import, a snapshot and a publication.

A lock that the test holds on one table stops the command in the middle of its transaction, after everything that it
writes before; then the server drops every connection, as a crash does, and is started again.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from data.home import DAGSTER_VARIABLE, DATABASE_VARIABLE, MLFLOW_VARIABLE
from data.readers.synthetic import SyntheticWorld
from data.store.store import Store
from data.tables import POSTGRES_SCHEMA
from tests.data.store import postgres
from tests.data.store.postgres import Server
from tests.faults.homes import PATIENCE_SECONDS, RETRAIN, WORLD, Command, contents, finished, started

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(1200)]

QUICK = (*RETRAIN, "--set", "bpr.epochs=5", "--set", "filterllm.epochs=8")


@pytest.fixture(scope="module")
def server(postgres_server: Server) -> Iterator[Server]:
    """A server of this module's own, since it crashes; the other one says whether there can be any."""
    with postgres.running() as own:
        yield own


@pytest.fixture(scope="module")
def urls(server: Server) -> dict[str, str]:
    """Store, Dagster and MLflow on the one server."""
    return {name: server.create_database() for name in (DATABASE_VARIABLE, DAGSTER_VARIABLE, MLFLOW_VARIABLE)}


@contextmanager
def held(url: str, table: str) -> Iterator[psycopg.Connection]:
    """Keep everybody else from changing a table; reading it and pointing at its rows goes on."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {POSTGRES_SCHEMA}.{table} IN SHARE ROW EXCLUSIVE MODE")
        try:
            yield connection
        finally:
            connection.close()  # before psycopg commits: the server is gone by then


def until_it_waits(holder: psycopg.Connection, command: Command, *, table: str) -> None:
    """Wait until the command has come, in its transaction, to the table that is held."""
    waiting = (
        "SELECT 1 FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation "
        "WHERE NOT l.granted AND c.relname = %s"
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while holder.execute(waiting, (table,)).fetchone() is None:
        assert command.process.poll() is None, f"too late: {command.output}"
        assert time.monotonic() < deadline, command.output
        time.sleep(0.02)


def struck(home: Path, urls: dict[str, str], server: Server, *arguments: object, table: str) -> str:
    """Run a command, let the server crash when it comes to a table, and return what it says."""
    with (
        held(urls[DATABASE_VARIABLE], table) as holder,
        started(home, *arguments, **urls) as command,
    ):
        until_it_waits(holder, command, table=table)
        assert command.process.poll() is None
        server.restart()
        assert command.wait() == 1, command.output
        assert "Traceback" not in command.output
        return command.output.strip().splitlines()[-1]


def taken_again(n: int) -> Iterator[str]:
    """Rows of n events in which users come back to what they took: the world stays one that can be learned."""
    world = SyntheticWorld.create(120, 600, n_interactions=12_000)
    for event, (user, item) in zip(range(n), itertools.cycle(world.pairs), strict=False):
        yield f"{world.user_ids[user]},{world.item_ids[item]},{event + 1}"


def test_a_crash_of_the_database_in_each_transaction_loses_nothing(
    tmp_path: Path, server: Server, urls: dict[str, str]
) -> None:
    """One home, three crashes, and after each the same command does what it was asked for."""
    home, url = tmp_path / "home", urls[DATABASE_VARIABLE]
    assert "interactions added" in finished(home, *WORLD, **urls)
    before = contents(url)
    events = tmp_path / "events.csv"
    events.write_text("user_id,item_id,time\n" + "\n".join(taken_again(20_000)))
    more = ("import", "files", "--interactions", events)
    message = struck(home, urls, server, *more, table="items")
    assert "check that the server runs" in message
    assert contents(url) == before
    assert "20,000 interactions added" in finished(home, *more, **urls)
    grown = contents(url)

    message = struck(home, urls, server, *QUICK, table="user_tokens")
    assert "check that the server runs" in message
    assert contents(url)[:3] == grown[:3]
    with Store.open(url) as store:
        assert store.counts()["user_tokens"] == 0

    message = struck(home, urls, server, *QUICK, table="publication_log")
    assert "check that the server runs" in message
    with Store.open(url) as store:
        assert store.current_publication() is None
        assert store.model_versions() == []

    told = finished(home, *QUICK, **urls)
    assert "its version was accepted and is not published yet" in told
    with Store.open(url) as store:
        assert store.watermark() == grown[1]
        n_tokens = store.counts()["user_tokens"]
        current = store.current_publication()
        assert current is not None
        users, items = store.read_published(current.version)
    assert len(users) == n_tokens > 0
    assert len(items) == 600
