"""A store on every database there is: SQLite always, PostgreSQL (slow) where its programs are installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from data.store.store import Store
from tests.data.store import postgres

NOW = 1_700_000_000
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    folder = postgres.programs()
    assert folder is not None
    with postgres.server(folder) as url:
        yield url


BACKENDS = [pytest.param("sqlite", id="sqlite")]
if postgres.programs() is not None:
    BACKENDS.append(pytest.param("postgresql", id="postgresql", marks=pytest.mark.slow))


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'coldcast.db'}"
    return postgres.create_database(request.getfixturevalue("postgres_server"), f"t{next(_numbers)}")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the schema; a test gets a copy, since migrating takes most of its time."""
    path = tmp_path_factory.mktemp("migrated") / "coldcast.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(url: str, migrated: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store whose clock stands at NOW."""
    if url.startswith("sqlite"):
        shutil.copy(migrated, tmp_path / "coldcast.db")
    with Store.open(url, clock=lambda: NOW) as opened:
        yield opened
