"""A store on every database there is: SQLite, and with the mark ``postgres`` PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store.store import Store
from tests.conftest import BACKENDS

NOW = 1_700_000_000


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'coldcast.db'}"
    return str(request.getfixturevalue("postgres_server").create_database())


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
