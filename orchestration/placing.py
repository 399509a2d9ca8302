"""Place items, or ask who would want a text that is no item yet."""

import contextlib
from pathlib import Path

import numpy as np
from rich.console import Console

from assets.resources import RegistryResource
from assets.version_in_force import version_in_force
from data.errors import InputError
from data.home import Home
from data.store.store import Store
from orchestration.audience_table import audience_table
from orchestration.environments import use_home
from orchestration.launch import run_job
from orchestration.settings import Settings
from orchestration.status import print_status

NOTHING_PUBLISHED = (
    "nothing is published yet; run `coldcast retrain` first, or publish a registered version with "
    "`coldcast promote --force VERSION`"
)
SECTIONS = ("distributions", "placement")  # settings that a placement looks at
NEAREST = 3  # titles of a user's history shown as the reason
HISTORY = 50  # newest items of a user that are looked at


def place_items(home: Home, settings: Settings, *, console: Console) -> None:
    """Run the placement job and print the status.

    Raises:
        InputError: If nothing is published yet.
        JobFailed: If a station fails.
    """
    registry = RegistryResource(home=str(use_home(home).root)).open()
    with Store.open(home.database_url) as store:
        if version_in_force(registry, store) is None:
            raise InputError(NOTHING_PUBLISHED)
    run_job(
        home,
        "place_cold_items",
        run_config=settings.run_config(only=SECTIONS),
        tags={"coldcast/trigger": "command line"},
    )
    print_status(home, console)


def print_audiences(home: Home, texts: list[str], *, k: int, console: Console) -> None:
    """Print each text's most probable users with the titles of their history that lie nearest to it.

    Raises:
        InputError: If a text is empty, k exceeds the users, or nothing is published.
    """
    from assets.explaining import Audience, audiences_of

    for text in texts:
        if not text.strip():
            raise InputError("--text is empty; give the new item's title or description")
    registry = RegistryResource(home=str(use_home(home).root))
    with Store.open(home.database_url) as store:
        published = store.current_publication()
        if published is None:
            raise InputError(NOTHING_PUBLISHED)
        n_users = store.counts()["users"] - store.count_users_outside(published.version, min_events=0)
        if k > n_users:
            raise InputError(
                f"-k asks for {k:,} users, but version {published.version} knows {n_users:,}; give at most {n_users:,}"
            )
        found: list[Audience] = audiences_of(
            store, registry, published.version, texts, k=k, nearest=NEAREST, history=HISTORY
        )
    for audience in found:
        console.print(audience_table(audience.text, audience.rows, published.version))


def export_audiences(home: Home, out: Path, *, console: Console) -> None:
    """Write the published audiences to a Parquet file: item_id, rank, user_id, log_probability.

    Raises:
        InputError: If nothing is published, or the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with Store.open(home.database_url) as store:
        published = store.current_publication()
        if published is None:
            raise InputError(NOTHING_PUBLISHED)
        rows = store.read_audiences(published.version)
    table = pa.table(
        {
            "item_id": pa.array(rows.item_ids, pa.string()),
            "rank": pa.array(np.asarray(rows.ranks) + 1),
            "user_id": pa.array(rows.user_ids, pa.string()),
            "log_probability": pa.array(rows.log_probabilities),
        }
    )
    temporary = out.with_name(f".{out.name}.writing")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, temporary)
        temporary.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder itself may be none
            temporary.unlink()
        raise InputError(f"{out} cannot be written: {error}; choose another place with --out") from None
    console.print(f"{len(set(rows.item_ids)):,} audiences of version {published.version} in {out}")
