from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.readers.citeulike import read_citeulike
from data.store.store import Store
from tests.data.readers.reading import rows_of


def folder(
    path: Path, users: str | bytes = "2 0 2\n0\n1 1", titles: str | bytes = "An X\nA Y\nA Ü\n"
) -> Path:
    for name, content in (("users.dat", users), ("titles.txt", titles)):
        (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_lines_are_users_and_items(tmp_path: Path) -> None:
    found = read_citeulike(folder(tmp_path))
    assert [row["user_id"] for row in rows_of(found.users)] == ["0", "1", "2"]
    assert [(row["item_id"], row["text"]) for row in rows_of(found.items)] == [
        ("0", "An X"),
        ("1", "A Y"),
        ("2", "A Ü"),
    ]
    assert rows_of(found.interactions) == [
        {"user_id": "0", "item_id": "0", "row": 1},
        {"user_id": "0", "item_id": "2", "row": 1},
        {"user_id": "2", "item_id": "1", "row": 3},
    ]


def test_only_a_line_feed_ends_a_title(tmp_path: Path) -> None:
    found = read_citeulike(folder(tmp_path, users="1 0", titles="One\u2028title\x0b\r\nAnother"))
    assert [row["text"] for row in rows_of(found.items)] == ["One\u2028title", "Another"]


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("2 0 2\n3 0 1", r"users\.dat, row 2: the line says 3 items and has 2\. Remedy: .* broken off"),
        ("2 0 2\n\n", r"users\.dat, row 2: the line says 0 items and has 0"),
        ("1 3", r"users\.dat, row 1: item 3 has no title, titles.txt has those of items 0 to 2"),
        ("1 -1", r"users\.dat, row 1: item -1 has no title"),
        ("2 1 1", r"users\.dat, row 1: item 1 stands twice in the line"),
        ("2 1 x", r"users\.dat, row 1: expected 'n item item \.\.\.' of whole numbers, got '2 1 x'"),
        ("1 99999999999999999999", r"users\.dat, row 1: expected 'n item item"),
    ],
)
def test_broken_libraries_are_named_by_row(tmp_path: Path, users: str, message: str) -> None:
    found = read_citeulike(folder(tmp_path, users=users))
    with pytest.raises(InputError, match=message):
        rows_of(found.interactions)


def test_an_empty_title_is_refused_by_the_import(tmp_path: Path) -> None:
    found = read_citeulike(folder(tmp_path, titles="An X\n\nA Z\n"))
    with (
        Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store,
        pytest.raises(InputError, match=r"titles\.txt, row 2: the text of item '1' is empty"),
    ):
        store.import_dataset(found)


def test_files_must_be_there_and_readable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"users\.dat: no such file"):
        read_citeulike(tmp_path)
    with pytest.raises(
        InputError, match=r"titles\.txt, row 2: byte 0xDC at offset 7 is not utf-8.*--encoding"
    ):
        read_citeulike(folder(tmp_path, titles=b"An X\nA \xdc\n"))
    with pytest.raises(InputError, match=r"users\.dat, row 1: byte 0xC3 at offset 0 is not ascii"):
        read_citeulike(folder(tmp_path, users="ü"))
    with pytest.raises(InputError, match=r"titles\.txt: the file is empty"):
        read_citeulike(folder(tmp_path, titles=""))


@pytest.mark.real_data
def test_the_real_one(tmp_path: Path, shared_data: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        summary = store.import_dataset(read_citeulike(shared_data / "citeulike-a"))
        assert (summary.users_added, summary.items_added, summary.interactions_added) == (
            5_551,
            16_980,
            204_986,
        )
        assert (summary.duplicates, summary.warnings) == (0, [])
        world = store.read_world()
    assert world.items.texts[0] == "The metabolic world of Escherichia coli is not small"
    assert len({tuple(pair) for pair in world.event_pairs().tolist()}) == 204_986
