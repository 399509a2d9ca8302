from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.readers import text_files
from data.readers.movielens import read_movielens
from data.store.store import Store
from tests.data.readers.reading import rows_of

MOVIES = 'movieId,title,genres\n1,Toy Story (1995),Adventure|Comedy\n2,"Me, Myself",(no genres listed)\n'
RATINGS = "userId,movieId,rating,timestamp\n7,1,4.0,964982703\n7,2,0.5,964981247\n8,1,5.0,964982224\n"
EVENTS = [
    {"user_id": "7", "item_id": "1", "time": 964982703, "weight": 4.0},
    {"user_id": "7", "item_id": "2", "time": 964981247, "weight": 0.5},
    {"user_id": "8", "item_id": "1", "time": 964982224, "weight": 5.0},
]


def folder(path: Path, **files: str) -> Path:
    for name, content in files.items():
        (path / name.replace("_", ".")).write_bytes(content.encode("latin-1"))
    return path


def test_csv(tmp_path: Path) -> None:
    found = read_movielens(folder(tmp_path, movies_csv=MOVIES, ratings_csv=RATINGS))
    assert found.implied_users
    assert rows_of(found.interactions) == [{**event, "row": row} for row, event in enumerate(EVENTS, start=2)]
    items = rows_of(found.items)
    assert [item["text"] for item in items] == ["Toy Story (1995). Genres: Adventure, Comedy", "Me, Myself"]
    assert [item["attributes"] for item in items] == ['{"genres": ["Adventure", "Comedy"]}', "{}"]


def test_double_colons_in_latin_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 30)  # blocks end within lines, even within a '::'
    ratings = "7::1::4::964982703\n7::2::0.5::964981247\n8::1::5::964982224\n"
    movies = '1::Toy "Story" (1995)::Adventure|Comedy\n2::Misérables, Les: I::\n'
    found = read_movielens(folder(tmp_path, movies_dat=movies, ratings_dat=ratings))
    assert rows_of(found.interactions) == [{**event, "row": row} for row, event in enumerate(EVENTS, start=1)]
    assert [item["text"] for item in rows_of(found.items)] == [
        'Toy "Story" (1995). Genres: Adventure, Comedy',
        "Misérables, Les: I",
    ]
    with pytest.raises(InputError, match=r"movies\.dat, row 2: byte 0xE9 at offset 46 is not utf-8"):
        read_movielens(tmp_path, encoding="utf-8")


def test_a_row_with_too_few_fields_is_named_in_any_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 30)
    ratings = "7::1::4::964982703\n" * 9 + "\n7::2::0.5\n"
    found = read_movielens(folder(tmp_path, movies_dat="1::A::B\n", ratings_dat=ratings))
    with pytest.raises(InputError, match=r"ratings\.dat, row 11: expected 4 fields, got 3"):
        rows_of(found.interactions)


def test_min_rating_and_template(tmp_path: Path) -> None:
    path = folder(tmp_path, movies_csv=MOVIES, ratings_csv=RATINGS)
    found = read_movielens(path, min_rating=4.0, template="{text}")
    assert [row["weight"] for row in rows_of(found.interactions)] == [4.0, 5.0]
    assert [row["text"] for row in rows_of(found.items)] == ["Toy Story (1995)", "Me, Myself"]


def test_users_are_those_who_rated(tmp_path: Path) -> None:
    found = read_movielens(folder(tmp_path, movies_csv=MOVIES, ratings_csv=RATINGS))
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        store.import_dataset(found)
        (tmp_path / "ratings.csv").write_text(RATINGS + "9,2,3.0,964982224\n")
        assert store.import_dataset(read_movielens(tmp_path)).users_added == 1
        assert store.read_users().user_ids.tolist() == ["7", "8", "9"]


def test_an_incomplete_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found neither ratings\.csv and movies\.csv nor ratings\.dat"):
        read_movielens(tmp_path)
    with pytest.raises(InputError, match=r"movies\.csv: no such file"):
        read_movielens(folder(tmp_path, ratings_csv=RATINGS))
    with pytest.raises(
        InputError, match=r"movies\.csv: no column 'title'; found movieId, name, genres; expected mov"
    ):
        read_movielens(folder(tmp_path, movies_csv=MOVIES.replace("title", "name")))


@pytest.mark.real_data
def test_the_real_small_one(tmp_path: Path, shared_data: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        summary = store.import_dataset(read_movielens(shared_data / "ml-latest-small"))
        assert (summary.users_added, summary.items_added, summary.interactions_added) == (610, 9_742, 100_836)
        assert store.read_items().texts[0] == (
            "Toy Story (1995). Genres: Adventure, Animation, Children, Comedy, Fantasy"
        )
        assert store.counts()["items_without_interactions"] == 18
