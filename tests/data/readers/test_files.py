from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import InputError
from data.readers import delimited
from data.readers.files import read_files
from tests.data.readers.reading import rows_of


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_table(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write records as the file's ending says."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
        return path
    if path.suffix == ".jsonl":
        return write(path, "\n".join(map(json.dumps, records)))
    lines = [",".join(records[0]), *(",".join(map(str, record.values())) for record in records)]
    return write(path, "\n".join(lines))


EVENTS = [
    {"user_id": "a", "item_id": "x", "time": 10, "weight": 1.5, "row": 2},
    {"user_id": "ü", "item_id": "y", "time": 0, "weight": 2.0, "row": 3},
]


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("e.csv", "user_id,item_id,time,weight\na,x,10,1.5\nü,y,,2\n", "utf-8"),
        ("e.csv", "\ufeffuser_id,item_id,time,weight\r\na,x,10,1.5\r\nü,y,,2", "utf-8"),
        (
            "e.csv",
            'weight,other,item_id,"user_id",time\n1.5,q,x,"a",1970-01-01T00:00:10Z\n2,q,y,ü,\n',
            "utf-8",
        ),
        ("e.tsv", "user_id\titem_id\ttime\tweight\na\tx\t10\t1.5\nü\ty\t0\t2\n", "utf-8"),
        ("e.csv", "user_id,item_id,time,weight\na,x,10,1.5\nü,y,,2\n".encode("latin-1"), "latin-1"),
        ("e.csv", "user_id,item_id,time,weight\na,x,10,1.5\nü,y,,2\n".encode("utf-16"), "utf-16"),
    ],
)
def test_delimited_interactions(tmp_path: Path, name: str, content: str | bytes, encoding: str) -> None:
    assert rows_of(read_files(write(tmp_path / name, content), encoding=encoding).interactions) == EVENTS


def test_json_lines_and_parquet_say_the_same(tmp_path: Path) -> None:
    lines = [{name: value for name, value in event.items() if name != "row"} for event in EVENTS]
    text = "\n\n".join(json.dumps(line) for line in lines)
    found = rows_of(read_files(write(tmp_path / "e.jsonl", text)).interactions)
    assert found == [{**EVENTS[0], "row": 1}, {**EVENTS[1], "row": 3}]
    pq.write_table(pa.Table.from_pylist(lines), tmp_path / "e.parquet")
    found = rows_of(read_files(tmp_path / "e.parquet").interactions)
    assert found == [{**EVENTS[0], "row": 1}, {**EVENTS[1], "row": 2}]


@pytest.mark.parametrize("name", ["e.csv", "e.parquet", "e.jsonl"])
def test_parts_of_a_second_are_cut_off(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path / name, [{"user_id": "a", "item_id": "x", "time": 1714521600.75}])
    assert rows_of(read_files(path).interactions)[0]["time"] == 1_714_521_600


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "CSV_BLOCK", 64)
    lines = ["user_id,item_id", "a,x", "", *["b,y"] * 40, "", "c,z", ""]
    found = rows_of(read_files(write(tmp_path / "e.csv", "\n".join(lines))).interactions)
    assert [record["row"] for record in found] == [2, *range(4, 44), 45]


def test_a_broken_row_is_named_in_any_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "CSV_BLOCK", 64)
    path = write(tmp_path / "e.csv", "user_id,item_id\n" + "a,x\n" * 100 + "a\n" + "a,x\n" * 9)
    with pytest.raises(InputError, match=r"e\.csv, row 102: expected 2 fields, got 1: 'a'.*copy broke off"):
        rows_of(read_files(path).interactions)


def test_low_ratings_are_left_out_but_wrong_ones_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", "user_id,item_id,weight\na,x,3\na,y,4\na,z,-1\na,w,nan\n")
    found = rows_of(read_files(path, min_rating=4).interactions)
    assert [record["item_id"] for record in found] == ["y", "z", "w"]


@pytest.mark.parametrize("name", ["e.csv", "e.parquet", "e.jsonl"])
def test_timestamp_and_rating_are_time_and_weight(tmp_path: Path, name: str) -> None:
    given = [
        {"user_id": "a", "item_id": "x", "timestamp": 10, "rating": 1.0, "place": "p", "mood": 1},
        {"user_id": "b", "item_id": "y", "timestamp": 20, "rating": 4.5, "place": "q", "mood": 2},
    ]
    found = read_files(write_table(tmp_path / name, given), min_rating=4)
    assert found.warnings == (f"{tmp_path / name}: columns not read: place, mood",)
    (kept,) = rows_of(found.interactions)
    assert (kept["user_id"], kept["time"], kept["weight"]) == ("b", 20, 4.5)


@pytest.mark.parametrize("name", ["e.csv", "e.parquet", "e.jsonl"])
@pytest.mark.parametrize(("one", "other"), [("time", "timestamp"), ("weight", "rating")])
def test_two_names_of_one_column_are_refused(tmp_path: Path, name: str, one: str, other: str) -> None:
    path = write_table(tmp_path / name, [{"user_id": "a", "item_id": "x", other: 1, one: 1}])
    with pytest.raises(InputError, match=rf"columns {one} and {other} mean the same\. Remedy: remove one"):
        read_files(path)


@pytest.mark.parametrize("name", ["e.csv", "e.parquet", "e.jsonl"])
def test_min_rating_without_ratings_is_refused(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path / name, [{"user_id": "a", "item_id": "x", "stars": 1}])
    message = r"--min-rating needs a column weight or rating; found user_id, item_id, stars\. Remedy: rename"
    with pytest.raises(InputError, match=message):
        read_files(path, min_rating=4)
    users = write_table(tmp_path / "u.csv", [{"user_id": "a"}])
    with pytest.raises(InputError, match="--min-rating has no ratings to go by"):
        read_files(users=users, min_rating=4)


def test_further_columns_of_items_become_attributes(tmp_path: Path) -> None:
    content = 'item_id,text,year,created_at,genre\nx,"An X,\nquoted",1999,60,\ny,A Y,,,Crime\n'
    source = read_files(items=write(tmp_path / "i.csv", content), template="{text}[ ({genre})]").items
    assert rows_of(source) == [
        {
            "item_id": "x",
            "text": "An X,\nquoted",
            "attributes": '{"year": "1999"}',
            "row": 2,
            "created_at": 60,
        },
        {
            "item_id": "y",
            "text": "A Y (Crime)",
            "attributes": '{"genre": "Crime"}',
            "row": 3,
            "created_at": 0,
        },
    ]


def test_items_of_json_lines_and_parquet(tmp_path: Path) -> None:
    lines = [{"item_id": 1, "text": "An X", "genres": ["a", "b"]}, {"item_id": 2, "text": "A Y", "year": 7}]
    path = write(tmp_path / "i.ndjson", "\n".join(map(json.dumps, lines)))
    template = "{text}[: {genres}]"
    found = rows_of(read_files(items=path, template=template).items)
    assert [record["text"] for record in found] == ["An X: a, b", "A Y"]
    assert [record["attributes"] for record in found] == ['{"genres": ["a", "b"]}', '{"year": 7}']
    pq.write_table(pa.Table.from_pylist(lines[:1]), tmp_path / "i.parquet")
    found = rows_of(read_files(items=tmp_path / "i.parquet", template=template).items)
    assert [record["text"] for record in found] == ["An X: a, b"]


def test_an_empty_text_stays_empty_whatever_the_template_adds(tmp_path: Path) -> None:
    path = write(tmp_path / "i.csv", "item_id,text,year\nx,,1999\n")
    assert rows_of(read_files(items=path, template="{text} {year}").items)[0]["text"] == ""


@pytest.mark.parametrize("name", ["i.csv", "i.parquet", "i.jsonl"])
def test_a_template_without_text_names_the_column_that_holds_it(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path / name, [{"item_id": "x", "title": "An X", "genre": "Crime"}])
    (found,) = rows_of(read_files(items=path, template="{title}").items)
    assert (found["text"], found["attributes"]) == ("An X", '{"genre": "Crime"}')
    (found,) = rows_of(read_files(items=path, template="{{a}} {title}[ ({genre})][ {title}]").items)
    assert found["text"] == "{a} An X (Crime) An X"
    with pytest.raises(
        InputError, match=r"no (column|field) 'text'; found item_id, title.*--template.*'{title}'"
    ):
        rows_of(read_files(items=path).items)


@pytest.mark.parametrize("name", ["i.csv", "i.parquet", "i.jsonl"])
@pytest.mark.parametrize("other", ["other fields", "\0others"])
def test_no_column_of_a_file_is_taken_for_one_of_ours(tmp_path: Path, name: str, other: str) -> None:
    path = write_table(tmp_path / name, [{"item_id": "x", "text": "An X", other: "some"}])
    (found,) = rows_of(read_files(items=path).items)
    assert json.loads(found["attributes"]) == {other: "some"}


def test_a_text_field_of_any_name_is_read(tmp_path: Path) -> None:
    path = write_table(tmp_path / "i.jsonl", [{"item_id": "x", "other fields": "An X", "year": 1}])
    (found,) = rows_of(read_files(items=path, template="{other fields}").items)
    assert (found["text"], found["attributes"]) == ("An X", '{"year": 1}')


def test_users(tmp_path: Path) -> None:
    path = write(tmp_path / "u.csv", "user_id,created_at,name\na,60,Ann\n")
    found = read_files(users=path)
    assert rows_of(found.users) == [{"user_id": "a", "created_at": 60, "row": 2}]
    assert found.warnings == (f"{path}: columns not read: name",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.csv", "", r"e\.csv: the file is empty\. Remedy: get the file again"),
        (
            "e.csv",
            "user,item_id\na,x\n",
            r"no column 'user_id'; found user, item_id; expected user_id, item_id, time",
        ),
        (
            "e.csv",
            "user_id;item_id;rating\na;x;4,5\n",
            r"e\.csv: found one column, .*seems to be ';', \.csv means commas\. Remedy: save .*with commas",
        ),
        (
            "e.csv",
            "user_id\titem_id\na\tx\n",
            r"separator seems to be '\\t', \.csv means commas\. Remedy: rename .*\.tsv",
        ),
        (
            "e.tsv",
            "user_id,item_id\na,x\n",
            r"separator seems to be ',', \.tsv means tabs\. Remedy: rename .*\.csv",
        ),
        ("e.csv", "user_id,user_id\n", r"e\.csv, row 1: column 'user_id' stands twice"),
        (
            "e.csv",
            b"user_id,item_id\na,x\nM\xfcller,y\n",
            r"e\.csv, row 3: byte 0xFC at offset 21 is not utf-8.*--enc",
        ),
        (
            "e.xlsx",
            "a",
            r"e\.xlsx: unknown ending '.xlsx'. Remedy: convert or rename the file to one of \.csv",
        ),
        ("e.parquet", "PAR1 and then nothing", r"e\.parquet: not a complete Parquet file"),
        (
            "e.jsonl",
            '{"user_id": "a", "item_id": "x"}\n{"user_id',
            r"e\.jsonl, row 2: not JSON .*copy broke off",
        ),
        ("e.jsonl", "[1]", r"e\.jsonl, row 1: expected a JSON object, got list"),
        (
            "e.jsonl",
            '{"user_id": "a", "item": "x"}',
            r"row 1: no field 'item_id'; found user_id, item; expected user",
        ),
        (
            "e.jsonl",
            '{"user_id": ["a"], "item_id": 1}',
            r'row 1: user_id must be a text or a number, got \["a"\]',
        ),
        (
            "e.csv",
            "user_id,item_id,time\na,x,soon\n",
            r"e\.csv, row 2: time must be unix seconds or an ISO 8601",
        ),
        ("e.csv", "user_id,item_id,weight\na,x,1\na,x,\n", r"e\.csv, row 3: weight must be a number, got ''"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rows_of(read_files(write(tmp_path / name, content)).interactions)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: no such file\. Remedy: check the path"):
        read_files(tmp_path / "gone.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_files(folder)
    with pytest.raises(InputError, match=r"no file to import\. Remedy: name --interactions"):
        read_files()


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    rng = np.random.default_rng(0)
    pq.write_table(
        pa.table({"user_id": rng.integers(9, size=999), "item_id": rng.integers(9, size=999)}), path
    )
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        InputError, match=rf"{re.escape(str(path))}: not a complete Parquet file .*copy the file again"
    ):
        read_files(path)


def test_wrong_templates_and_encodings_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "i.csv", "item_id,text,year\nx,X,1999\n")
    with pytest.raises(InputError, match=r"the template names \{genre\}, found columns item_id, text, year"):
        read_files(items=path, template="{text} {genre}")
    with pytest.raises(InputError, match=r"template must contain \{text\}.*correct --template"):
        read_files(items=path, template="{year}")
    with pytest.raises(InputError, match=r"unknown encoding 'klingon'\. Remedy: use utf-8"):
        read_files(items=path, encoding="klingon")
