"""The split from files: reproduced exactly, and every way a folder can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from data.id_map import IdMap
from data.split import ItemRole, Split
from data.split_files import files_split

USERS, ITEMS = IdMap(["a", "b", "c"]), IdMap(["p", "q", "r", "s", "t"])
FILES = {
    "warm_train.csv": ["a,p", "b,p", "b,q", "c,q"],
    "warm_val.csv": ["a,q"],
    "warm_test.csv": ["c,p"],
    "cold_item_val.csv": ["b,r", "a,r"],
    "cold_item_test.csv": ["c,s"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, lines in FILES.items():
        write(tmp_path / name, lines)
    return tmp_path


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(["user,item", *lines]) + "\n", encoding="utf-8")


def read(folder: Path) -> Split:
    return files_split(folder, USERS, items=ITEMS)


def test_a_small_folder_by_hand(folder: Path) -> None:
    split = read(folder)
    assert split.train.tolist() == [[0, 0], [1, 0], [1, 1], [2, 1]]
    assert split.validation.warm.tolist() == [[0, 1]]
    assert split.validation.cold.tolist() == [[0, 2], [1, 2]]
    assert split.validation.overall.tolist() == [[0, 1], [0, 2]]
    assert split.test.overall.tolist() == [[2, 0], [2, 3]]
    assert split.item_role.tolist() == [
        ItemRole.WARM,
        ItemRole.WARM,
        ItemRole.COLD_VALIDATION,
        ItemRole.COLD_TEST,
        ItemRole.WITHOUT_INTERACTIONS,
    ]


def test_an_overall_file_that_agrees_passes(folder: Path) -> None:
    write(folder / "overall_val.csv", ["a,r", "a,q"])
    assert len(read(folder).train) == 4


def test_an_overall_file_that_differs_is_refused(folder: Path) -> None:
    write(folder / "overall_val.csv", ["a,q", "a,r", "b,r"])
    with pytest.raises(InputError, match=r"overall_val\.csv.*\(2 pairs\), got 3; 1 differ, first b,r"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (
            "warm_val.csv",
            ["a,q", "x,q"],
            r"warm_val\.csv, row 3: user 'x' is not in the store \(1 unknown in all\)",
        ),
        ("warm_val.csv", ["a,z"], r"warm_val\.csv, row 2: item 'z' is not in the store"),
        ("warm_val.csv", ["a,q", "a,q"], r"warm_val\.csv, row 3: the pair a,q stands twice"),
        ("warm_test.csv", ["b,q"], r"the pair b,q stands in warm_train\.csv and in warm_test\.csv"),
        ("warm_val.csv", ["a,r"], r"the pair a,r stands in warm_val\.csv and in cold_item_val\.csv"),
        ("cold_item_test.csv", ["c,r"], r"item 'r' is COLD_TEST by cold_item_test\.csv, but COLD_VALIDATION"),
        ("cold_item_test.csv", ["a,t", "c,q"], r"item 'q' is COLD_TEST|the pair c,q stands in warm_train"),
        ("cold_item_val.csv", [], "no held-out items with interactions for validation"),
        ("warm_train.csv", [], "no warm items"),
    ],
)
def test_planted_faults_are_found(folder: Path, name: str, lines: list[str], message: str) -> None:
    write(folder / name, lines)
    with pytest.raises(InputError, match=message):
        read(folder)


def test_a_missing_file_is_named_with_the_whole_list(folder: Path) -> None:
    (folder / "cold_item_val.csv").unlink()
    with pytest.raises(InputError, match=r"cold_item_val\.csv: the split's file is missing.*warm_train\.csv"):
        read(folder)


def test_other_columns_are_refused(folder: Path) -> None:
    (folder / "warm_val.csv").write_text("item,user\nq,a\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"warm_val\.csv, row 1: columns must be \['user', 'item'\]"):
        read(folder)


def test_a_ragged_file_is_refused(folder: Path) -> None:
    (folder / "warm_val.csv").write_text("user,item\na,q\nb\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"warm_val\.csv: not a table of user,item"):
        read(folder)


def test_another_encoding_is_refused(folder: Path) -> None:
    (folder / "warm_val.csv").write_bytes("user,item\nä,q\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"warm_val\.csv: not a table of user,item"):
        read(folder)


@pytest.mark.real_data
def test_seed_42_is_reproduced_exactly(shared_data: Path) -> None:
    folder = shared_data / "citeulike-a" / "split-seed42"
    users, items = IdMap([str(at) for at in range(5551)]), IdMap([str(at) for at in range(16_980)])
    split = files_split(folder, users, items=items)
    assert len(split.train) == 132_073
    assert (len(split.validation.warm), len(split.test.warm)) == (16_471, 16_482)
    assert (len(split.validation.cold), len(split.test.cold)) == (19_802, 20_158)
    assert (len(split.validation.overall), len(split.test.overall)) == (33_427, 34_040)
    both = [len(np.unique(held_out.overall[:, 0])) for held_out in (split.validation, split.test)]
    assert both == [3945, 4085]
    assert len(split.warm_items) == 13_584
    assert sum(split.dropped.values()) == 0
    lines = (folder / "warm_train.csv").read_text(encoding="utf-8").split()[1:]
    assert sorted(lines) == sorted(f"{user},{item}" for user, item in split.train.tolist())
