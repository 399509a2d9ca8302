"""``coldcast watch``: look at what is published now, and print it."""

from rich.console import Console
from rich.table import Table

from assets.watch_history import PAGE
from data.errors import InputError
from data.home import Home
from data.store.store import Store
from orchestration.environments import use_home
from orchestration.launch import run_job
from orchestration.requests import TRIGGER_TAG
from orchestration.schedules import watch_config
from orchestration.settings import Settings
from orchestration.signals import watched
from orchestration.unpublished import way_out


def watch_home(home: Home, settings: Settings, *, console: Console) -> None:
    """Measure the published version, print the numbers and where the page is.

    Raises:
        InputError: If nothing is published.
        JobFailed: If the look fails.
    """
    with Store.open(use_home(home).database_url) as store:
        published = store.current_publication()
    if published is None:
        raise InputError(f"nothing is published, so there is nothing to watch; {way_out(home)}")
    run_job(
        home, "watch_published", run_config=watch_config(settings.rule()), tags={TRIGGER_TAG: "command line"}
    )
    table = Table(show_header=False, box=None)
    for name, value in watched(home).newest(published.version).items():
        table.add_row(name, f"{value:.4g}")
    console.print(f"version {published.version}:")
    console.print(table)
    console.print(f"page: {home.artifacts / 'watch' / 'latest' / PAGE}", soft_wrap=True)
