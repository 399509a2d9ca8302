"""How fast interactions go into a new store, all checks included, beside the database's own bulk load.

Run: ``python -m tests.benchmarks.import_speed [--rows 1000000] [--database postgresql] [--format csv]``.
PostgreSQL runs on a throw-away server. Prints rows a second of the import; of the raw load in the same run, which
puts the same numbers, as integers made beforehand and in order of arrival, into a table with the same keys and
constraints (COPY on PostgreSQL, prepared INSERTs in one transaction on SQLite); of the snapshot; and the highest
memory of this process. With ``--json FILE`` the figures are also written there.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from data.readers.files import read_files
from data.snapshot_plan import freeze_snapshot, plan_snapshot
from data.split_choice import SplitChoice
from data.store.store import Store
from tests.data.store import postgres

N_USERS, N_ITEMS = 20_000, 50_000
BATCH = 1_000_000  # rows made at a time


def batches(n: int) -> Iterator[pa.Table]:
    """Random interactions of users and items by number."""
    rng = np.random.default_rng(7)
    for start in range(0, n, BATCH):
        m = min(BATCH, n - start)
        yield pa.table(
            {
                "user_id": pa.array(rng.integers(N_USERS, size=m)),
                "item_id": pa.array(rng.integers(N_ITEMS, size=m)),
                "time": pa.array(rng.integers(1_200_000_000, 1_700_000_000, size=m)),
                "weight": pa.array((rng.integers(1, 11, size=m) / 2).astype(np.float32)),
            }
        )


def write_files(folder: Path, n: int, ending: str) -> Path:
    """Write items.csv and n random interactions as CSV or Parquet; ids are text there."""
    items = pa.array(np.arange(N_ITEMS).astype(str))
    titles = pa.array([f"Title number {i}" for i in range(N_ITEMS)])
    pacsv.write_csv(pa.table({"item_id": items, "text": titles}), folder / "items.csv")
    path = folder / f"interactions.{ending}"
    schema = pa.schema(
        {"user_id": pa.string(), "item_id": pa.string(), "time": pa.int64(), "weight": pa.float32()}
    )
    writer = pacsv.CSVWriter(path, schema) if ending == "csv" else pq.ParquetWriter(path, schema)
    with writer:
        for table in batches(n):
            writer.write_table(table.cast(schema))
    return path


KEYS = "(key {big} PRIMARY KEY)"
TABLE = (
    "(interaction_key {big} PRIMARY KEY, user_key {big} NOT NULL REFERENCES raw_users (key), "
    "item_key {big} NOT NULL REFERENCES raw_items (key), time {big} NOT NULL CHECK (time >= 0), "
    "weight REAL NOT NULL CHECK (weight >= 0), UNIQUE (user_key, item_key, time))"
)


def tables(big: str) -> list[str]:
    """Statements that make a table like the store's, with keys, constraints and the index of items."""
    return [
        f"CREATE TABLE raw_users {KEYS.format(big=big)}",
        f"CREATE TABLE raw_items {KEYS.format(big=big)}",
        f"CREATE TABLE raw_interactions {TABLE.format(big=big)}",
        "CREATE INDEX raw_of_item ON raw_interactions (item_key)",
    ]


def raw_sqlite(folder: Path, n: int) -> float:
    """Seconds of prepared INSERTs in one transaction."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        for sql in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON"):
            connection.execute(sql)
        connection.execute("PRAGMA cache_size=-65536")
        for sql in tables("INTEGER"):
            connection.execute(sql)
        for name, count in (("raw_users", N_USERS), ("raw_items", N_ITEMS)):
            connection.executemany(f"INSERT INTO {name} VALUES (?)", [(key,) for key in range(count)])
        start, key, spent = time.perf_counter(), 0, 0.0
        connection.execute("BEGIN IMMEDIATE")
        for table in batches(n):
            making = time.perf_counter()
            rows = zip(range(key, key + len(table)), *(c.to_pylist() for c in table.columns), strict=True)
            spent += time.perf_counter() - making  # the numbers are made beforehand, so to speak
            connection.executemany("INSERT OR IGNORE INTO raw_interactions VALUES (?, ?, ?, ?, ?)", rows)
            key += len(table)
        connection.execute("COMMIT")
        return time.perf_counter() - start - spent


def raw_postgres(url: str, n: int) -> float:
    """Seconds of COPY, in CSV as psql would send a file, in one transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        for sql in tables("BIGINT"):
            connection.execute(sql)
        connection.execute("INSERT INTO raw_users SELECT generate_series(0, %s)", (N_USERS,))
        connection.execute("INSERT INTO raw_items SELECT generate_series(0, %s)", (N_ITEMS,))
        start, key, spent = time.perf_counter(), 0, 0.0
        with connection.transaction(), connection.cursor() as cursor:
            for table in batches(n):
                making = time.perf_counter()
                keyed = table.add_column(0, "key", pa.array(np.arange(key, key + len(table))))
                sink = pa.BufferOutputStream()
                pacsv.write_csv(keyed, sink, pacsv.WriteOptions(include_header=False))
                text = memoryview(sink.getvalue())
                key += len(table)
                spent += time.perf_counter() - making
                with cursor.copy("COPY raw_interactions FROM STDIN (FORMAT CSV)") as copy:
                    for at in range(0, len(text), 1 << 20):
                        copy.write(text[at : at + (1 << 20)])
        return time.perf_counter() - start - spent


def measure(folder: Path, events: Path, n: int, url: str) -> dict[str, float]:
    """Import into a new store and build a snapshot of it; rows a second and the highest memory so far of each."""
    with Store.open(url) as store:
        store.import_dataset(read_files(items=folder / "items.csv"))
        start = time.perf_counter()
        summary = store.import_dataset(read_files(events))
        importing, import_peak = time.perf_counter() - start, peak_mib()
        start = time.perf_counter()
        plan = plan_snapshot(store, SplitChoice())
        snapshot = freeze_snapshot(store, plan.key)
        (folder / "snapshot").mkdir()
        snapshot.save(folder / "snapshot")
        freezing = time.perf_counter() - start
    assert n - summary.interactions_added < n / 1000, summary  # a few random events stand twice
    return {
        "rows": n,
        "import_rows_per_second": n / importing,
        "snapshot_rows_per_second": n / freezing,
        "import_peak_mib": import_peak,
        "peak_mib": peak_mib(),
    }


def peak_mib() -> float:
    """The highest resident memory of this process so far, in MiB; a PostgreSQL server has its own."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tell(of: str, figures: dict[str, float]) -> None:
    """Print figures by name."""
    for what, value in figures.items():
        print(f"{of} {what}: {value:,.2f}", flush=True)


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The URL of an empty store, and of the database or folder for the raw load."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/coldcast.db", str(folder)
        return
    with postgres.running() as server:
        yield server.create_database(), server.create_database()


def main() -> None:
    """Measure one format on one database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--json", type=Path, default=None)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = write_files(folder, wanted.rows, wanted.format)
        with databases(wanted.database, folder) as (url, raw):
            figures = measure(folder, events, wanted.rows, url)
            tell(f"{wanted.database} {wanted.format}", figures)
            load = (
                raw_sqlite(folder, wanted.rows)
                if wanted.database == "sqlite"
                else raw_postgres(raw, wanted.rows)
            )
    beside = {"raw_rows_per_second": wanted.rows / load}
    beside["share_of_raw"] = figures["import_rows_per_second"] / beside["raw_rows_per_second"]
    tell(f"{wanted.database} {wanted.format}", beside)
    figures |= beside
    if wanted.json is not None:
        wanted.json.write_text(json.dumps({"database": wanted.database, **figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
