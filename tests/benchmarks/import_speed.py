"""How fast a million interactions go into a new store, from CSV and from Parquet, all checks included.

Run: ``python -m tests.benchmarks.import_speed [--rows 1000000] [--url postgresql://...]``.
Prints rows a second and the process's highest memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from data.readers.files import read_files
from data.store.store import Store

N_USERS, N_ITEMS = 20_000, 50_000


def write_files(folder: Path, n: int) -> None:
    """Write items.csv and n random interactions as CSV and Parquet."""
    rng = np.random.default_rng(7)
    items = pa.array(np.arange(N_ITEMS).astype(str))
    pacsv.write_csv(
        pa.table({"item_id": items, "text": pa.array([f"Title number {i}" for i in range(N_ITEMS)])}),
        folder / "items.csv",
    )
    table = pa.table(
        {
            "user_id": pa.array(rng.integers(N_USERS, size=n).astype(str)),
            "item_id": pa.array(rng.integers(N_ITEMS, size=n).astype(str)),
            "time": pa.array(rng.integers(1_200_000_000, 1_700_000_000, size=n)),
            "weight": pa.array((rng.integers(1, 11, size=n) / 2).astype(np.float32)),
        }
    )
    pacsv.write_csv(table, folder / "interactions.csv")
    pq.write_table(table, folder / "interactions.parquet")


def measure(folder: Path, ending: str, n: int, url: str | None) -> None:
    """Import into a new store and print what it took."""
    with Store.open(url or f"sqlite:///{folder}/{ending}.db") as store:
        store.import_dataset(read_files(items=folder / "items.csv"))
        start, cpu = time.perf_counter(), time.process_time()
        summary = store.import_dataset(read_files(folder / f"interactions.{ending}"))
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        start = time.perf_counter()
        store.read_world()
        read = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{ending}: {summary.interactions_added:,} of {n:,} rows in {took:.1f} s (cpu {cpu:.1f} s), "
        f"{n / took:,.0f} rows/s; read back in {read:.1f} s; peak {peak:,.0f} MiB"
    )


def main() -> None:
    """Measure both formats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", default=None, help="another store than new SQLite files; it must be empty")
    parser.add_argument("--format", choices=["csv", "parquet"], action="append")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), wanted.rows)
        for ending in wanted.format or ["csv", "parquet"]:
            measure(Path(name), ending, wanted.rows, wanted.url)


if __name__ == "__main__":
    main()
