"""Ids and titles in the table of an audience are printed whole, as they are."""

from __future__ import annotations

import pytest

from orchestration.audience_table import audience_table
from orchestration.terminal import plain_console

LONG = "https://people.example.org/" + "0123456789" * 9


def printed(user: str, text: str, titles: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The table at 80 columns."""
    plain_console().print(audience_table(text, [(user, 0.5, titles)], 3))
    return capsys.readouterr().out


def test_what_looks_like_an_emoji_or_markup_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = printed("urn:x:100:42", "Of :cat: [REC]", ["A :dog: [b]"], capsys)
    for whole in ("urn:x:100:42", "Of :cat: [REC]", "A :dog: [b]", "50.000%"):
        assert whole in told


def test_a_long_id_goes_on_in_the_next_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = printed(LONG, "A title", ["Of cheese and law, a random kernel"], capsys)
    cells = [line.split("│")[2].strip() for line in told.splitlines() if line.count("│") == 5]
    assert LONG in "".join(cells)
    assert "…" not in told
