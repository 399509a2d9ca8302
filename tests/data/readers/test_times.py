from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.readers.times import numbers, seconds

ROWS = np.arange(2, 12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, None]), [1, 0]),
        (pa.array([1.9, None]), [1, 0]),
        (pa.array([None, None]), [0, 0]),
        (pa.array(["100", " 200 "]), [100, 200]),
        (pa.array(["1714521600.0", " 1714521600.75"]), [1_714_521_600, 1_714_521_600]),
        (pa.array(["1714521600.25", "", "1970-01-02"]), [1_714_521_600, 0, 86_400]),
        (pa.array(["-0.5", "999999999999999.9"]), [-1, 999_999_999_999_999]),
        (pa.array(["", None]), [0, 0]),
        (pa.array(["1970-01-02", "1970-01-01T00:01:00Z", "7"]), [86_400, 60, 7]),
        (pa.array(["1970-01-01T02:00:00+01:00", "1970-01-01 00:00:05.9"]), [3_600, 5]),
        (pa.array([datetime(1970, 1, 1, 0, 1), None], pa.timestamp("us")), [60, 0]),
        (pa.array([datetime(1970, 1, 1, 0, 1, tzinfo=UTC)], pa.timestamp("ns", "UTC")), [60]),
        (pa.array([date(1970, 1, 2)]), [86_400]),
    ],
)
def test_every_way_to_write_a_time(values: pa.Array, expected: list[int]) -> None:
    found = seconds(values, "time", "f", rows=ROWS)
    assert found.type == pa.int64()
    assert found.to_pylist() == expected


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2037, 1, 1)))
def test_iso_times_are_utc(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    found = seconds(pa.array([whole.isoformat()]), "time", "f", rows=ROWS)
    assert found.to_pylist() == [int(whole.replace(tzinfo=UTC).timestamp())]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "soon"], "f, row 3: time must be unix seconds or an ISO 8601 time, got 'soon'"),
        (["1", "99999999999999999999"], "f, row 3: time must be unix seconds or an ISO"),
        (["1", "5."], "f, row 3: time must be unix seconds or an ISO 8601 time, got '5.'"),
        ([1.0, float("nan")], "f, row 3: time must be unix seconds, got nan"),
        ([True, False], "f: time has type bool"),
    ],
)
def test_what_is_no_time_is_named_by_row(values: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        seconds(pa.array(values), "time", "f", rows=ROWS)


def test_numbers_in_texts() -> None:
    assert numbers(pa.array(["1", " 2.5 ", "1e-3", None]), "weight", "f", rows=ROWS).to_pylist() == [
        1,
        2.5,
        1e-3,
        None,
    ]
    assert numbers(pa.array([1, 2]), "weight", "f", rows=ROWS).to_pylist() == [1.0, 2.0]
    with pytest.raises(InputError, match=r"f, row 3: weight must be a number, got 'much'"):
        numbers(pa.array(["1", "much"]), "weight", "f", rows=ROWS)
    with pytest.raises(InputError, match=r"f, row 3: weight must be a number, got ''"):
        numbers(pa.array(["1", ""]), "weight", "f", rows=ROWS)
    with pytest.raises(InputError, match="f: weight has type list<item: int64>, expected numbers"):
        numbers(pa.array([[1]]), "weight", "f", rows=ROWS)
