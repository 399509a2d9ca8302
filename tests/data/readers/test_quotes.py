from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.readers import text_files
from data.readers.files import read_files
from data.readers.quotes import require_closed_quotes
from tests.data.readers.reading import rows_of


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def texts(path: Path, encoding: str = "utf-8") -> list[str]:
    return [record["text"] for record in rows_of(read_files(items=path, encoding=encoding).items)]


@pytest.mark.parametrize("block", [10, 16, 8 * 1024 * 1024])
@pytest.mark.parametrize(
    ("name", "content", "row", "shown"),
    [
        ("i.csv", 'item_id,text\n1,A\n2,"Never closed\n3,B\n4,C\n', 3, '"Never'),
        ("i.csv", 'item_id,text\n1,A\n2,"Never closed', 3, '"Never'),
        ("i.csv", 'item_id,text\r\n1,A\r\n2,"Never closed\r\n3,"B"\r\n', 3, '"Never'),
        ("i.csv", 'item_id,text\n1,"A\nin two lines"\n\n2,"B" and more\n3,C\n', 4, '"B" and'),
        ("i.csv", 'item_id,text\n1,A\n2,"B""\n3,C\n', 3, '"B""'),
        ("i.csv", '"item_id,text\n1,A\n2,B\n', 1, '"item_id,text'),
        ("i.tsv", 'item_id\ttext\n1\t"Heroes" live\n2\t"Unbalanced title\n3\tPlain\n', 2, '"Heroes" live'),
        ("i.tsv", 'item_id\ttext\n3\tPlain\n4\tAnother "quote"\n5\t"Again\n6\tEnd\n', 4, '"Again'),
    ],
)
def test_an_open_quote_is_named_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, name: str, content: str, row: int, shown: str
) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    path = write(tmp_path / name, content)
    delimiter = "\t" if name.endswith("tsv") else ","
    with pytest.raises(InputError) as caught:
        require_closed_quotes(path, delimiter=delimiter, encoding="utf-8")
    assert f"{name}, row {row}: the quote that opens '{shown}" in str(caught.value)
    assert "double those inside it, or write Parquet or JSON lines" in str(caught.value)


@pytest.mark.parametrize("start", ['"item_id,text\n1,A\n', 'item_id,text\n1,"A\n'])
def test_such_a_file_is_not_opened(tmp_path: Path, start: str) -> None:
    path = write(tmp_path / "i.csv", start)
    with pytest.raises(InputError, match=r"i\.csv, row [12]: the quote that opens"):
        texts(path)


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "i.csv", '"item_id,text\n' + "1,A\n" * 50_000)
    with pytest.raises(InputError, match=r"i\.csv, row 1: no header \(field larger .*close a quote"):
        texts(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sound_quotes_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    lines = ['"item_id","text"', '1,"An ""X"",', 'in two lines"', '2,The "ü" inside', '3,"spaced" ', '4,""""']
    path = write(tmp_path / "i.csv", end.join(lines), encoding)
    assert texts(path, encoding) == [f'An "X",{end}in two lines', 'The "ü" inside', "spaced", '"']


def test_a_quoted_text_may_be_long(tmp_path: Path) -> None:
    text = "many words " * 50_000
    assert texts(write(tmp_path / "i.csv", f'item_id,text\n1,"{text}"\n2,B\n')) == [text.strip(), "B"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(content=st.text('a",\n', max_size=20), block=st.integers(10, 30))
def test_what_is_sound_is_what_a_strict_reader_reads(tmp_path: Path, content: str, block: int) -> None:
    path = write(tmp_path / "e.csv", content)
    try:
        list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error:
        sound = False
    else:
        sound = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "BLOCK_BYTES", block)
        try:
            require_closed_quotes(path, delimiter=",", encoding="utf-8")
        except InputError:
            assert not sound, repr(content)
        else:
            assert sound, repr(content)
