"""Dagster's history of a home: whole before anybody sees it, and what its database fails with told plainly."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from filelock import FileLock

from data.home import Home
from data.store.connection import parsed_url, told_plainly
from orchestration.environments import COMMAND_LINE, use_home

MAKING = ".making"  # beside the folders that it becomes
FOLDERS = ("schedules", "history")  # the last one says that all are there


@contextmanager
def history(home: Home) -> Iterator[dg.DagsterInstance]:
    """Open a home's history of runs.

    Raises:
        StoreError: If Dagster's own database fails, for instance because the disk is full.
    """
    use_home(home)
    with told_plainly(parsed_url(home.dagster_url or f"sqlite:///{home.dagster / 'history'}")):
        make_history(home)
        with dg.DagsterInstance.from_config(str(home.dagster), COMMAND_LINE) as instance:
            yield instance


def make_history(home: Home) -> None:
    """Make Dagster's SQLite files where there are none yet; a server makes its own.

    Dagster makes them table by table. Two first commands at once, or a kill in between, would leave files that no
    later command can open; so they are made under a lock, in a folder of their own, and renamed.
    """
    there = home.dagster / FOLDERS[-1]
    if home.dagster_url or there.exists():
        return
    with FileLock(home.dagster / f"{MAKING}.lock"):
        if there.exists():
            return
        making = home.dagster / MAKING
        for stale in (making, *(home.dagster / name for name in FOLDERS)):
            shutil.rmtree(stale, ignore_errors=True)
        making.mkdir()
        shutil.copy(home.dagster / COMMAND_LINE, making)
        with dg.DagsterInstance.from_config(str(making), COMMAND_LINE):
            pass
        for name in FOLDERS:
            (making / name).rename(home.dagster / name)
        shutil.rmtree(making)
