"""What the environment may say, and what is refused before any run starts."""

from __future__ import annotations

import pytest

from data.errors import InputError
from data.home import Home
from orchestration.environments import THREADS_VARIABLE, use_home
from tests.orchestration.worlds import Cli


@pytest.mark.parametrize("value", ["abc", "1.5", "-1", " "])
@pytest.mark.parametrize("command", ["retrain", "place"])
def test_threads_that_are_no_number_are_refused_in_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: str, value: str
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    told = Cli(home).run(command, code=1)
    assert told.startswith("Error: COLDCAST_THREADS must be a whole number of threads, at least 0 ")
    assert f"got {value!r}" in told
    assert not list(home.dagster.iterdir())


@pytest.mark.parametrize("value", ["", "0", "2"])
def test_numbers_of_threads_are_accepted(home: Home, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    assert use_home(home) == home


def test_a_changed_environment_is_seen_at_the_next_command(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "many")
    with pytest.raises(InputError, match="'many'"):
        use_home(home)
    monkeypatch.delenv(THREADS_VARIABLE)
    use_home(home)
