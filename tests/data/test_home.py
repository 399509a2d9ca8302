"""Which folder holds the state, and which paths cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.home import HOME_VARIABLE, Home


@pytest.mark.parametrize("character", ["?", "%"])
def test_a_path_that_an_url_reads_otherwise_is_refused(tmp_path: Path, character: str) -> None:
    folder = tmp_path / f"p{character}x" / "home"
    message = f"has '[{character}]' in its path.*choose a folder without it with --home or {HOME_VARIABLE}"
    with pytest.raises(InputError, match=message):
        Home.resolve(folder, {})
    with pytest.raises(InputError, match=message):
        Home.resolve(None, {HOME_VARIABLE: str(folder)})
    assert not list(tmp_path.iterdir())


def test_other_characters_stand_in_the_databases_urls_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "my home & yours, ä+b@c:d#e"
    assert Home.resolve(folder, {}).database_url == f"sqlite:///{folder}/coldcast.db"


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken is a file; choose a folder"):
        Home.resolve(tmp_path / "taken", {})
