from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.readers.files import read_files
from tests.data.readers.reading import rows_of


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


GOOD = '{"item_id": "w", "text": "whole \\ud83d\\ude00 and \\\\ud83d"}'


@pytest.mark.parametrize(
    "line",
    [
        r'{"item_id": "x", "text": "hello \ud83d"}',
        r'{"item_id": "x", "text": "hello \uDE00\uD83D"}',
        r'{"item_id": "\ud83d", "text": "A"}',
        r'{"item_id": "x", "text": "A", "cast": [{"name": "\ude00"}]}',
        r'{"item_id": "x", "text": "A", "\ude00": 1}',
    ],
)
def test_half_a_character_is_refused_by_row(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "i.jsonl", GOOD, line)
    with pytest.raises(InputError, match=r"i\.jsonl, row 2: \\u(d83d|de00) is half a character.*write the"):
        rows_of(read_files(items=path).items)


def test_whole_characters_are_read(tmp_path: Path) -> None:
    (found,) = rows_of(read_files(items=write(tmp_path / "i.jsonl", GOOD)).items)
    assert found["text"] == "whole \N{GRINNING FACE} and \\ud83d"


def test_whole_numbers_are_ids_however_they_are_written(tmp_path: Path) -> None:
    line = '{"user_id": 1.0, "item_id": 12345678901234567890}'
    path = write(tmp_path / "e.jsonl", line, '{"user_id": "1.0", "item_id": 2e3}')
    found = rows_of(read_files(path).interactions)
    assert [(record["user_id"], record["item_id"]) for record in found] == [
        ("1", "12345678901234567890"),
        ("1.0", "2000"),
    ]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1.5", "1e+300"])
@pytest.mark.parametrize("name", ["user_id", "item_id"])
def test_other_numbers_are_no_ids(tmp_path: Path, name: str, value: str) -> None:
    other = "item_id" if name == "user_id" else "user_id"
    path = write(tmp_path / "e.jsonl", f'{{"{other}": 1, "{name}": {value}}}')
    message = rf"e\.jsonl, row 1: {name} must hold texts or whole numbers, found .*Remedy: store it as text"
    with pytest.raises(InputError, match=message):
        rows_of(read_files(path).interactions)
