from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.readers.movietweetings import read_movietweetings
from data.store.store import Store
from tests.data.readers.reading import rows_of


def folder(path: Path, ratings: str) -> Path:
    (path / "movies.dat").write_text("0002844::Fantômas (1913)::Crime|Drama\n", encoding="utf-8")
    (path / "ratings.dat").write_text(ratings, encoding="utf-8")
    return path


def test_ids_keep_their_zeros(tmp_path: Path) -> None:
    found = read_movietweetings(folder(tmp_path, "1::0002844::0::1365029107\n"))
    assert rows_of(found.interactions) == [
        {"user_id": "1", "item_id": "0002844", "time": 1365029107, "weight": 0.0, "row": 1}
    ]
    assert rows_of(found.items)[0]["text"] == "Fantômas (1913). Genres: Crime, Drama"


def test_a_rating_that_broke_off_is_refused(tmp_path: Path) -> None:
    found = read_movietweetings(folder(tmp_path, "1::0002844::8::1365029107\n1::00028"))
    with (
        Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store,
        pytest.raises(InputError, match=r"ratings\.dat, row 2: expected 4 fields, got 2: .*copy broke off"),
    ):
        store.import_dataset(found)


@pytest.mark.real_data
def test_the_real_one(tmp_path: Path, shared_data: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        summary = store.import_dataset(read_movietweetings(shared_data / "movietweetings-100k"))
        assert (summary.users_added, summary.items_added, summary.interactions_added) == (
            16_554,
            10_506,
            100_000,
        )
        assert (
            store.read_items().texts[0]
            == "Fantômas - À l'ombre de la guillotine (1913). Genres: Crime, Drama"
        )
