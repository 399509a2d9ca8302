"""Shared fixtures; the switches that keep every library silent are set before anything is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

SILENT = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}
for _name, _value in SILENT.items():
    os.environ.setdefault(_name, _value)

import pytest  # noqa: E402

if TYPE_CHECKING:
    from tests.data.store.postgres import Server

REPOSITORY = Path(__file__).resolve().parents[1]


BACKENDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]


def missing(what: str) -> None:
    """Skip the running test, or fail it where ``COLDCAST_REQUIRE_ALL=1`` says nothing may be missing."""
    if os.environ.get("COLDCAST_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} is required (COLDCAST_REQUIRE_ALL=1) but missing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets: ``COLDCAST_SHARED_DATA`` or ``../shared/data``."""
    folder = Path(os.environ.get("COLDCAST_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        missing(f"the shared data folder {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of our own, for as long as the tests run."""
    from tests.data.store import postgres

    if postgres.programs() is None:
        missing("PostgreSQL (Debian's package postgresql)")
    with postgres.running() as server:
        yield server
