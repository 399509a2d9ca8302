from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from data.errors import InputError
from data.readers.checks import checked_interactions, checked_items, checked_users

NOW = 1_700_000_000


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def interactions(**changes: Any) -> pa.RecordBatch:
    held = {
        "user_id": ["a", "b", "a"],
        "item_id": ["x", "x", "y"],
        "time": [1, 2, 3],
        "weight": [1.0, 2.0, 0.0],
    }
    return batch(**{**held, **changes})


def test_ids_are_kept_once_in_order_of_appearance() -> None:
    found = checked_interactions(interactions(), "f", first_row=1, now=NOW)
    assert found.users.values.tolist() == ["a", "b"]
    assert found.users.codes.tolist() == [0, 1, 0]
    assert found.rows.tolist() == [1, 2, 3]
    assert found.weights.tolist() == [1.0, 2.0, 0.0]


def test_absent_columns_have_their_meaning() -> None:
    held = batch(user_id=[7, 8], item_id=pa.array(["x", "x"]).dictionary_encode())
    found = checked_interactions(held, "f", first_row=4, now=NOW)
    assert found.times.tolist() == [0, 0]
    assert found.weights.tolist() == [1.0, 1.0]
    assert found.users.values.tolist() == ["7", "8"]
    assert found.rows.tolist() == [4, 5]
    assert checked_users(batch(user_id=["a"]), "f", first_row=1, now=NOW).created_at.tolist() == [NOW]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weight": [1.0, float("nan"), 1.0]},
            "f, row 2: weight must be a finite number of at least 0, got nan",
        ),
        ({"weight": [1.0, 1.0, -0.5]}, "f, row 3: weight must be a finite number of at least 0, got -0.5"),
        ({"weight": [1.0, None, 1.0]}, "f, row 2: weight must be a finite number"),
        ({"weight": [1.0, 1e300, 1.0]}, "f, row 2: weight must be a finite number of at least 0, got 1e.300"),
        ({"weight": ["1", "2", "3"]}, "f: weight must be a number, found type string"),
        ({"time": [1, 2, NOW + 301]}, rf"f, row 3: time {NOW + 301} lies in the future \(now is {NOW} unix"),
        ({"time": [1, NOW * 1000, 3]}, "row 2: .*the clock; it looks like milliseconds, divide by 1000"),
        ({"time": [-1, 2, 3]}, "f, row 1: time must not be negative, got -1"),
        ({"time": [1.5, 2, 3]}, "f: time must be unix seconds, found type double"),
        ({"user_id": ["a", None, "b"]}, "f, row 2: user_id is missing. Remedy: fill it in"),
        ({"user_id": ["a", "b", ""]}, "f, row 3: user_id must be a text .* of 1 to 500 characters, got ''"),
        ({"item_id": ["a", "b\0", "c"]}, "f, row 2: item_id must be a text without NUL"),
        ({"item_id": [1.0, 2.0, 3.0]}, "f: item_id must hold texts, found type double"),
        ({"row": [10, 20, 30], "weight": [1.0, -1.0, 1.0]}, "f, row 20: weight"),
    ],
)
def test_wrong_interactions_are_named_by_row(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked_interactions(interactions(**changes), "f", first_row=1, now=NOW)


def test_a_clock_a_little_ahead_is_no_future() -> None:
    held = interactions(time=[1, 2, NOW + 300])
    assert checked_interactions(held, "f", first_row=1, now=NOW).times[-1] == NOW + 300


def test_a_missing_column_is_named_with_those_found() -> None:
    with pytest.raises(
        InputError, match=r"f: no column 'item_id', found user_id\. Remedy: name the column item_id"
    ):
        checked_interactions(batch(user_id=["a"], row=[1]), "f", first_row=1, now=NOW)


def items(**changes: Any) -> pa.RecordBatch:
    return batch(**{"item_id": ["x", "y"], "text": ["An X", "A Y"], **changes})


@pytest.mark.parametrize("text", ["", "  \t", None, "\u00a0"])
def test_an_empty_text_is_refused(text: str | None) -> None:
    with pytest.raises(
        InputError, match=r"f, row 2: the text of item 'y' is empty\. Remedy: give the item a text"
    ):
        checked_items(items(text=["An X", text]), "f", first_row=1, now=NOW, text_limit=10)


def test_texts_are_cut_at_characters() -> None:
    found = checked_items(items(text=["ü" * 11, "é" * 10]), "f", first_row=1, now=NOW, text_limit=10)
    assert found.texts == ["ü" * 10, "é" * 10]
    assert found.truncated == 1
    assert found.attributes == ["{}", "{}"]


def test_times_of_creation_follow_the_same_rules() -> None:
    found = checked_items(items(created_at=[5, None]), "f", first_row=1, now=NOW, text_limit=10)
    assert found.created_at.tolist() == [5, NOW]
    with pytest.raises(InputError, match="f, row 1: created_at 9999999999 lies in the future"):
        checked_items(items(created_at=[9_999_999_999, 1]), "f", first_row=1, now=NOW, text_limit=10)


def test_a_text_with_nul_is_refused() -> None:
    with pytest.raises(InputError, match="f, row 1: text has a NUL character"):
        checked_items(items(text=["a\0", "b"]), "f", first_row=1, now=NOW, text_limit=10)
