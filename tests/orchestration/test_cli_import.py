"""One's own files on the command line: what is read, what is told, what is refused."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from data.home import Home
from tests.orchestration.worlds import Cli, open_store


@pytest.fixture
def cli(home: Home) -> Cli:
    return Cli(home)


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines))
    return str(path)


def test_columns_that_are_not_read_are_told_in_one_line(cli: Cli, tmp_path: Path) -> None:
    items = write(tmp_path / "items.csv", "item_id,text", "x,A title")
    header = "user_id,item_id,timestamp,rating,mood [now]"
    events = write(tmp_path / "events.csv", header, "a,x,10,1.0,p", "b,x,2013-03-31,5,q")
    told = cli.run("import", "files", "--interactions", events, "--items", items, "--min-rating", "4")
    assert "1 users, 1 items and 1 interactions added" in told
    assert "columns not read: mood [now]" in told
    assert told.count("warning:") == 1


def test_the_example_of_the_manual_works(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.strip() for line in cli.result("import", "files", "--help").output.splitlines()]
    monkeypatch.chdir(tmp_path)
    for name in ("interactions.csv", "items.csv"):
        at = lines.index(f"{name}:")
        write(tmp_path / name, *lines[at + 1 : at + 3])
    (command,) = (line for line in lines if line.startswith("coldcast import files --interactions"))
    assert "1 users, 1 items and 1 interactions added" in cli.run(*shlex.split(command)[1:])
    with open_store(cli.home) as store, store.engine.connect() as connection:
        texts = connection.exec_driver_sql("SELECT text FROM items").scalars().all()
    assert texts == ["The Left Hand of Darkness. fiction"]
