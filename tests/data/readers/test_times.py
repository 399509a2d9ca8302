from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
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
        (pa.array([2**62, None], pa.uint64()), [2**62, 0]),
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
        (pa.array([date(1970, 1, 2), None], pa.date64()), [86_400, 0]),
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


@pytest.mark.parametrize(
    ("values", "row", "shown"),
    [
        (pa.array(["20240501", "19991231"]), 2, "20240501"),
        (pa.array(["", "20240229", None, "0"]), 3, "20240229"),
        (pa.array(["2024", "1900", "2100"]), 2, "2024"),
        (pa.array(["2024.0"]), 2, "2024"),
        (pa.array([None, 0, 20240501]), 4, "20240501"),
        (pa.array([1999], pa.uint16()), 2, "1999"),
        (pa.array([None, 20240501.0]), 3, "20240501"),
    ],
)
def test_dates_without_dashes_are_not_seconds(values: pa.Array, row: int, shown: str) -> None:
    with pytest.raises(InputError, match=rf"f, row {row}: time holds {shown}, .* Remedy: write 2024-05-01$"):
        seconds(values, "time", "f", rows=ROWS)


@pytest.mark.parametrize(
    "values",
    [
        [20240501, 20240532],  # a day too many: seconds after all
        [20230229],
        [21010101],
        [18991231],
        [2024, 20240501],
        [1899],
        [2101],
        [2024, 10],
        [10, 60],
    ],
)
def test_seconds_of_1970_stay_seconds(values: list[int]) -> None:
    for written in (pa.array(values), pa.array([str(value) for value in values])):
        assert seconds(written, "time", "f", rows=ROWS).to_pylist() == values


def test_parts_of_a_second_and_times_with_dashes_are_no_years() -> None:
    assert seconds(pa.array([2000.5]), "time", "f", rows=ROWS).to_pylist() == [2000]
    assert seconds(pa.array(["2000", "1970-01-02"]), "time", "f", rows=ROWS).to_pylist() == [2000, 86_400]
    assert seconds(pa.array(["1970-01-01T00:33:20"]), "time", "f", rows=ROWS).to_pylist() == [2000]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([time(12, 30)]), r"f: time has type time64\[us\]\. Remedy: store unix seconds or ISO 8601"),
        (pa.array([time(12, 30)], pa.time32("s")), r"f: time has type time32\[s\]"),
        (pa.array([timedelta(days=1)]), r"f: time has type duration\[us\]"),
        (
            pa.array([1, None, 2**63], pa.uint64()),
            "f, row 4: time must be unix seconds, got 9223372036854775808",
        ),
    ],
)
def test_other_types_of_parquet_are_refused(values: pa.Array, message: str) -> None:
    with pytest.raises(InputError, match=message):
        seconds(values, "time", "f", rows=ROWS)


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
