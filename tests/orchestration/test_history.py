"""Dagster's files of a new home: made once, and whole or not at all."""

from __future__ import annotations

import threading
from typing import Any

import dagster as dg
import pytest

from data.home import Home
from orchestration.environments import use_home
from orchestration.history import FOLDERS, MAKING, history, make_history


def test_what_is_made_is_what_dagster_would_make(home: Home) -> None:
    with history(home) as instance:
        assert instance.get_runs() == []
    assert all((home.dagster / name).is_dir() for name in FOLDERS)
    assert not (home.dagster / MAKING).exists()
    before = sorted(home.dagster.rglob("*.db"))
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        instance.add_dynamic_partitions("snapshot", ["a"])
    assert sorted(home.dagster.rglob("*.db")) == before
    with history(home) as instance:
        assert instance.get_dynamic_partitions("snapshot") == ["a"]


def test_a_death_in_between_leaves_nothing_that_is_half_made(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home(home)
    whole = dg.DagsterInstance.from_config

    def dies(folder: str, file: str) -> Any:
        with whole(folder, file):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dg.DagsterInstance, "from_config", dies)
        with pytest.raises(KeyboardInterrupt):
            make_history(home)
    assert not any((home.dagster / name).exists() for name in FOLDERS)
    (home.dagster / FOLDERS[0]).mkdir()  # as if it had died between the renames
    with history(home) as instance:
        assert instance.get_runs() == []


def test_several_at_once_make_it_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    use_home(home)
    whole, made = dg.DagsterInstance.from_config, []

    def counted(folder: str, file: str) -> Any:
        made.append(folder)
        return whole(folder, file)

    monkeypatch.setattr(dg.DagsterInstance, "from_config", counted)
    threads = [threading.Thread(target=make_history, args=(home,)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert made == [str(home.dagster / MAKING)]
