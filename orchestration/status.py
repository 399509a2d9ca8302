"""What a home holds: the store, the snapshots, what is published, what waits."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from assets.registry_errors import RegistryError
from assets.resources import RegistryResource, patience_seconds
from data.home import Home
from data.store.store import Store
from orchestration.champion_alias import alias_now, alias_state
from orchestration.settings import Settings
from orchestration.unpublished import way_out

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.publication import Publication

PATIENCE_SECONDS = 10.0  # a look at the status does not wait for MLflow as long as a run does


def print_status(home: Home, console: Console) -> None:
    """Print the status; an alias that could not follow the publication is repaired and reported."""
    resource = RegistryResource(home=str(home.root))
    registry = resource.open(retry_seconds=min(PATIENCE_SECONDS, patience_seconds()))
    rule = Settings.read(home).rule()
    with Store.open(home.create().database_url) as store:
        counts, current = store.counts(), store.current_publication()
        version = None if current is None else current.version
        waiting = store.count_items_to_place(version)
        arrivals = store.arrivals(min_events=rule.min_interactions)
        outside = (
            store.count_users_outside(None, min_events=rule.min_interactions)
            if arrivals is None
            else arrivals.users_outside
        )
        snapshots = store.snapshots()
        database = store.url
    table = Table(show_header=False, box=None)
    table.add_row("home", str(home.root))
    table.add_row("database", database)
    table.add_row("mlflow", masked(home.mlflow_url))
    table.add_row("store", ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in counts.items()))
    newest = f", newest {snapshots[-1].key} ({snapshots[-1].state})" if snapshots else ""
    table.add_row("snapshots", f"{len(snapshots)}{newest}")
    if current is None:
        table.add_row("published", f"nothing yet; {way_out(home)}")
    else:
        since = datetime.fromtimestamp(current.published_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        before = "" if current.previous_version is None else f", before it {current.previous_version}"
        table.add_row("published", f"version {current.version} since {since}{before}")
    try:  # what is published does not hang on MLflow
        _add_registry_rows(table, home, registry, current)
    except RegistryError as error:
        table.add_row("champion alias", f"unknown: {error}")
    table.add_row("items waiting", f"{waiting:,} without a vector of the published version")
    table.add_row(
        "users outside",
        f"{outside:,} with at least {rule.min_interactions} interactions; a retrain is requested from {rule.users:,} "
        f"or {rule.share:.0%} on",
    )
    console.print(table)


def _add_registry_rows(table: Table, home: Home, registry: "Registry", current: "Publication | None") -> None:
    """The champion alias if it differs, and the newest version that waits for a human."""
    if current is not None:
        state = alias_now(home, registry, current)
        if state is None:
            table.add_row("champion alias", "a run has published just now; ask again for what is published")
        elif state.kind == "moved":
            table.add_row(
                "champion alias",
                f"{state.told}, moved by hand; the daemon of `coldcast ui` publishes version {state.version}, "
                f"`coldcast promote --force {state.version}` does so now",
            )
        elif state.kind == "behind":
            registry.repair(current.version)
            table.add_row("repaired", f"{state.told}; the champion alias follows the publication again")
            alias_state(home, registry, current)
    held = registry.held()
    if held and (current is None or held[0].version > current.version):
        one = held[0].version
        table.add_row(
            "held",
            f"version {one}: {held[0].reason} `coldcast promote {one}` publishes it, the next one replaces it",
        )


def masked(url: str) -> str:
    """The URL without its password."""
    from assets.patience import masked as without_password

    return without_password(url)
